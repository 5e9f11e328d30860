// SPDX-License-Identifier: BSD-3-Clause
#include "pool/doors.h"

#include "catch.h"
#include "packet_builder.h"

namespace doors_test {

using namespace sluice;
using namespace sluice::pool;
using sluice::test::ip;

namespace {

constexpr auto kNone = [](uint16_t) { return false; };

Forward forward(net::Protocol protocol, uint16_t port, uint16_t ports = 1) {
    return {protocol,
            {ip("198.51.100.1"), Be16::from_host(port)},
            {ip("10.1.0.10"), Be16::from_host(port)},
            ports};
}

Forward limited(uint16_t port) {
    Forward result = forward(net::Protocol::Tcp, port);
    result.door.max_flows = 5;
    return result;
}

/// The number that a mapping has from now on; 0 for none.
template <typename Mapping>
uint16_t taken(Doors& doors, const Mapping& mapping, uint32_t edition = 0) {
    const bool is_taken = doors.take(mapping, edition);
    CHECK((is_taken || doors.number_of(mapping) == 0));
    return doors.number_of(mapping);
}

}  // namespace

TEST_CASE("doors: a static mapping keeps its number, whatever else of it changes", "[pool]") {
    Doors doors(2, 100);
    const Forward first = forward(net::Protocol::Udp, 53);
    CHECK(doors.number_of(first) == 0);
    const uint16_t number = taken(doors, first);
    CHECK(number == 2);
    Forward changed = first;
    changed.internal.address = ip("10.1.0.11");
    changed.from = {ip("203.0.113.0"), 24};
    changed.door = {.max_flows = 5};
    CHECK(taken(doors, changed, 1) == number);

    CHECK(taken(doors, forward(net::Protocol::Tcp, 53)) == 3);
    CHECK(taken(doors, forward(net::Protocol::Udp, 54)) == 4);
    CHECK(taken(doors, forward(net::Protocol::Udp, 53, 2)) == 5);
    CHECK(taken(doors, OneToOne{ip("198.51.100.1"), ip("10.1.0.20")}) == 6);
    CHECK(taken(doors, first, 2) == number);
}

TEST_CASE("doors: those without a limit leave half of the numbers for those with one", "[pool]") {
    Doors doors(2, 7);
    for (uint16_t port = 1; port <= 5; ++port) {
        CHECK(doors.take(forward(net::Protocol::Tcp, port), 0));
        CHECK(doors.number_of(forward(net::Protocol::Tcp, port)) == (port <= 3 ? port + 1 : 0));
    }
    CHECK(taken(doors, limited(5)) == 5);
    CHECK(taken(doors, limited(6)) == 6);
    CHECK(taken(doors, limited(7)) == 7);
    CHECK_FALSE(doors.take(limited(4), 0));
    CHECK(doors.number_of(limited(4)) == 0);
    CHECK(doors.take(limited(1), 0));  // it has one
    CHECK(doors.take(forward(net::Protocol::Tcp, 4), 0));
}

TEST_CASE("doors: what was only tried takes no number", "[pool]") {
    Doors doors(2, 3);
    CHECK(taken(doors, limited(1), 1) == 2);
    for (uint32_t edition = 2; edition <= 100; ++edition) {
        CHECK(doors.take(limited(1), edition));
        CHECK(taken(doors, limited(static_cast<uint16_t>(edition)), edition) == 3);
        CHECK_FALSE(doors.take(limited(1000), edition));
        doors.forget(edition);
    }
    CHECK(doors.number_of(limited(1)) == 2);
    CHECK(doors.number_of(limited(2)) == 0);
}

TEST_CASE("doors: a number is given back when no edition has it and no flow is counted by it",
          "[pool]") {
    Doors doors(2, 3);
    CHECK(taken(doors, limited(1), 1) == 2);
    CHECK(taken(doors, limited(2), 1) == 3);
    CHECK(taken(doors, limited(2), 2) == 3);
    doors.give_back(1, kNone);  // somebody may go by the first still
    CHECK_FALSE(doors.take(limited(3), 3));
    doors.give_back(2, [](uint16_t number) { return number == 2; });
    CHECK_FALSE(doors.take(limited(3), 3));
    CHECK(doors.number_of(limited(1)) == 2);  // it would count on, were it to come again

    doors.give_back(2, kNone);
    CHECK(doors.number_of(limited(1)) == 0);
    CHECK(taken(doors, limited(3), 3) == 2);
    CHECK_FALSE(doors.take(limited(1), 3));
    CHECK(doors.number_of(limited(2)) == 3);
}

}  // namespace doors_test
