// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/block_log.h"

#include "catch.h"
#include "packet_builder.h"
#include "testing/ipv6_hosts.h"

namespace block_log_test {

using namespace sluice;
using gateway::block_text;
using sluice::test::ip;

TEST_CASE("block log: it names host, address, ports and times", "[gateway]") {
    constexpr std::time_t kNoon = 1'769'860'800;  // 2026-01-31, 12:00 UTC
    control::BlockEvent event{
        ip("10.1.0.10"), {ip("198.51.100.1"), Be16::from_host(65'024)}, 512, Duration{90'500}, {}};
    CHECK(gateway::beginning_of(event, kNoon + 90) == kNoon);
    CHECK(block_text(event, {}, kNoon + 90) ==
          "10.1.0.10 has 198.51.100.1:65024-65535 since 2026-01-31T12:00:00Z");
    event.age = {};
    event.began = kNoon;
    CHECK(block_text(event, {}, kNoon + 30 * 24 * 3600) ==
          "10.1.0.10 had 198.51.100.1:65024-65535 from 2026-01-31T12:00:00Z until "
          "2026-03-02T12:00:00Z");
}

TEST_CASE("block log: an IPv6 host is named by its own address", "[gateway][nat64]") {
    const test::Ipv6Hosts hosts;
    const control::BlockEvent event{hosts.number("2001:db8:1::10"),
                                    {ip("198.51.100.1"), Be16::from_host(1024)},
                                    512,
                                    Duration{},
                                    {}};
    CHECK(block_text(event, hosts.naming, 0) ==
          "2001:db8:1::10 has 198.51.100.1:1024-1535 since 1970-01-01T00:00:00Z");
}

}  // namespace block_log_test
