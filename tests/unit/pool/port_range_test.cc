// SPDX-License-Identifier: BSD-3-Clause
#include "pool/port_range.h"

#include "catch.h"

#include <set>

namespace port_range_test {

using namespace sluice;
using pool::PortRange;
using pool::search_range;

TEST_CASE("port range: a source port is replaced by one of its own class", "[pool][tcp]") {
    const auto tcp = net::Protocol::Tcp;
    CHECK(search_range(tcp, 1) == PortRange{1, 511});
    CHECK(search_range(tcp, 511) == PortRange{1, 511});
    CHECK(search_range(tcp, 512) == PortRange{600, 1023});
    CHECK(search_range(tcp, 1023) == PortRange{600, 1023});
    CHECK(search_range(tcp, 1024) == PortRange{1024, 65535});
    CHECK(search_range(tcp, 65535) == PortRange{1024, 65535});
}

TEST_CASE("port range: an ICMP identifier may be any number", "[pool][icmp]") {
    CHECK(search_range(net::Protocol::Icmp, 5) == PortRange{0, 65535});
    CHECK(PortRange{0, 65535}.size() == 65536);
}

TEST_CASE("port range: stepping goes once around, whatever the start", "[pool]") {
    const PortRange range{600, 1023};
    const uint32_t start = GENERATE(0u, 1u, 423u, 424u, 99999u);
    std::set<uint16_t> seen;
    for (uint32_t i = 0; i < range.size(); ++i) {
        const uint16_t port = range.at(start, i);
        CHECK(range.contains(port));
        seen.insert(port);
    }
    CHECK(seen.size() == range.size());
}

TEST_CASE("block grid: blocks lie at multiples of their size, within the pool's user ports",
          "[pool][blocks]") {
    const pool::BlockGrid grid{512};
    CHECK(grid.numbers(pool::kAllPorts) == PortRange{2, 127});
    CHECK(grid.ports(2) == PortRange{1024, 1535});
    CHECK(grid.ports(127) == PortRange{65'024, 65'535});
    CHECK(grid.numbers({1, 1535}) == PortRange{2, 2});
    CHECK(grid.numbers({1025, 2559}) == PortRange{3, 4});
    CHECK(grid.numbers({1025, 2000}).size() == 0);
    CHECK(grid.numbers({1, 1023}).size() == 0);
    CHECK(pool::BlockGrid{32768}.numbers(pool::kAllPorts) == PortRange{1, 1});
    CHECK(pool::BlockGrid{16}.numbers(pool::kAllPorts).size() == 64'512 / 16);
}

}  // namespace port_range_test
