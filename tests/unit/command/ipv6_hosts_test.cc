// SPDX-License-Identifier: BSD-3-Clause
#include "command/ipv6_hosts.h"

#include "catch.h"

namespace ipv6_hosts_test {

using namespace sluice::command;

TEST_CASE("ipv6 hosts: each has a line of text, or an object", "[command]") {
    CHECK(ipv6_hosts_text({}).empty());
    CHECK(ipv6_hosts_json({}) == "[]\n");
    const std::vector<Ipv6Host> hosts{{"198.18.0.20", "2001:db8:1::10"},
                                      {"198.18.0.21", "fe80::10"}};
    CHECK(ipv6_hosts_text(hosts) == "198.18.0.20 2001:db8:1::10\n198.18.0.21 fe80::10\n");
    CHECK(ipv6_hosts_json(hosts) ==
          "[{\"number\":\"198.18.0.20\",\"address\":\"2001:db8:1::10\"},\n"
          "{\"number\":\"198.18.0.21\",\"address\":\"fe80::10\"}]\n");
}

}  // namespace ipv6_hosts_test
