// SPDX-License-Identifier: BSD-3-Clause
#include "pool/doors.h"

#include "catch.h"
#include "packet_builder.h"

namespace doors_test {

using namespace sluice;
using namespace sluice::pool;
using sluice::test::ip;

namespace {

Forward forward(net::Protocol protocol, uint16_t port, uint16_t ports = 1) {
    return {protocol,
            {ip("198.51.100.1"), Be16::from_host(port)},
            {ip("10.1.0.10"), Be16::from_host(port)},
            ports};
}

}  // namespace

TEST_CASE("doors: a static mapping keeps its number, whatever else of it changes", "[pool]") {
    Doors doors(2, 100);
    const Forward first = forward(net::Protocol::Udp, 53);
    const uint16_t number = doors.number_of(first);
    CHECK(number == 2);
    Forward changed = first;
    changed.internal.address = ip("10.1.0.11");
    changed.from = {ip("203.0.113.0"), 24};
    changed.door = {.max_flows = 5};
    CHECK(doors.number_of(changed) == number);

    CHECK(doors.number_of(forward(net::Protocol::Tcp, 53)) == 3);
    CHECK(doors.number_of(forward(net::Protocol::Udp, 54)) == 4);
    CHECK(doors.number_of(forward(net::Protocol::Udp, 53, 2)) == 5);
    CHECK(doors.number_of(OneToOne{ip("198.51.100.1"), ip("10.1.0.20")}) == 6);
    CHECK(doors.number_of(first) == number);
}

TEST_CASE("doors: those beyond the last number share it", "[pool]") {
    Doors doors(2, 4);
    for (uint16_t port = 1; port <= 5; ++port)
        CHECK(doors.number_of(forward(net::Protocol::Tcp, port)) == std::min(port + 1, 4));
    CHECK(doors.number_of(forward(net::Protocol::Tcp, 1)) == 2);
}

}  // namespace doors_test
