// SPDX-License-Identifier: BSD-3-Clause
#include "config/port_shares.h"

#include "catch.h"
#include "config/load.h"
#include "config/validate.h"

#include <string>
#include <vector>

namespace port_shares_test {

using namespace sluice;
using namespace sluice::config;

namespace {

constexpr unsigned kCpus[] = {0, 1};

/// What is wrong with these rules; empty for nothing.
std::string why(const std::vector<std::string>& rules, Settings more = {}) {
    Settings settings{{"lan", {"af_packet:l0"}},        {"wan", {"af_packet:w0"}},
                      {"lan-address", {"10.1.0.1/16"}}, {"wan-address", {"198.51.100.1/24"}},
                      {"gateway", {"198.51.100.254"}},  {"snat", rules}};
    settings.merge(more);
    const auto config = load(settings, {});
    if (!config)
        return config.error().message;
    const Status status = validate(config.value(), kCpus);
    return status ? std::string() : status.error().message;
}

}  // namespace

TEST_CASE("port shares: mappings do not take the last port of who shares their addresses",
          "[config]") {
    const std::string all = "10.1.1.0/24 -> 198.51.100.1 mapping=endpoint-independent";
    CHECK(why({all}).empty());
    CHECK(why({all, "10.1.2.0/24 -> 198.51.100.2"}).empty());
    CHECK(why({all, "10.1.2.0/24 -> 198.51.100.1-198.51.100.9"}).starts_with("--snat 10.1.2.0/24"));
    CHECK(why({all}, {{"pool", {"198.51.100.1"}}, {"inside", {"10.1.3.0/24"}}})
              .starts_with("--inside 10.1.3.0/24"));
    const std::string other = "10.1.2.0/24 -> 198.51.100.1";
    CHECK(why({all + " mapping-ports=32768-65535", other}).empty());
    CHECK(why({all + " mapping-ports=1024-65535", other}) != "");  // few may have those below
    CHECK(why({all + " mapping-ports=32768-65535", other + ":40000-49999"}) != "");
    const std::string lower = all + " mapping-ports=1-32767";
    const std::string upper =
        "10.1.3.0/24 -> 198.51.100.1 mapping=endpoint-independent for=tcp "
        "mapping-ports=32768-65535";
    CHECK(why({lower, other}).empty());
    CHECK(why({lower, other, upper}).starts_with("--snat 10.1.2.0/24"));
    CHECK(why({lower, other, upper}).find("TCP") != std::string::npos);
}

TEST_CASE("port shares: a rule keeps ports for its own endpoints that it does not map",
          "[config]") {
    const std::string some =
        "10.1.1.0/24 -> 198.51.100.1:1024-65535 mapping=endpoint-independent for=udp:3000-3999";
    CHECK(why({some}).empty());
    CHECK(why({some + " mapping-ports=1024-65535"}).starts_with("--snat 10.1.1.0/24"));
    CHECK(why({some + ",udp:1-2999 mapping-ports=1024-65535"}) != "");
    const std::string all_udp =
        "10.1.1.0/24 -> 198.51.100.1:1024-65535 mapping=endpoint-independent for=udp";
    CHECK(why({all_udp + " mapping-ports=1024-65535"}).empty());
}

TEST_CASE("port shares: with blocks of ports each pool has room for one, and mappings for theirs",
          "[config][blocks]") {
    const Settings blocks{{"port-block-size", {"1024"}}};
    const std::string mapped = "10.1.1.0/24 -> 198.51.100.1 mapping=endpoint-independent";
    CHECK(why({mapped, "10.1.2.0/24 -> 198.51.100.1", "10.1.3.0/24 -> 198.51.100.1:1024-2047"},
              blocks)
              .empty());
    CHECK(why({mapped + " for=udp"}, blocks).empty());
    CHECK(why({"10.1.2.0/24 -> 198.51.100.1:1025-3071"}, blocks).empty());
    CHECK(why({"10.1.2.0/24 -> 198.51.100.1:1025-3070"}, blocks).starts_with("--snat 10.1.2.0/24"));
    CHECK(why({mapped + " mapping-ports=40000-49999"}, blocks).starts_with("--snat 10.1.1.0/24"));
}

}  // namespace port_shares_test
