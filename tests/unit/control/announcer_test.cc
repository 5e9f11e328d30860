// SPDX-License-Identifier: BSD-3-Clause
#include "control/announcer.h"

#include "catch.h"
#include "gateway.h"

#include <map>

using namespace sluice;
using namespace sluice::test;

namespace {

/// How often each address was announced.
std::map<Be32, unsigned> announced(const std::vector<Sent>& sent) {
    std::map<Be32, unsigned> times;
    for (const Sent& packet : sent) {
        const auto arp = packet.arp();
        REQUIRE(arp);
        REQUIRE(arp->sender == arp->target);
        CHECK(packet.destination() == control::kBroadcast);
        CHECK(arp->sender_mac == (packet.note.to == kInside ? kInsideMac : kOutsideMac));
        ++times[arp->sender];
    }
    return times;
}

}  // namespace

TEST_CASE("announcer: every own address is told at the start and again after 2 s",
          "[control][arp]") {
    Gateway gateway;
    gateway.neighbours.start(gateway.now);
    gateway.pass(Duration{1900});
    const std::map<Be32, unsigned> once{{ip("10.1.0.1"), 1},
                                        {ip("198.51.100.1"), 1},
                                        {ip("198.51.100.2"), 1},
                                        {ip("198.51.100.3"), 1},
                                        {ip("198.51.100.4"), 1}};
    CHECK(announced(gateway.sent()) == once);
    gateway.pass(Duration{300});
    CHECK(announced(gateway.sent()) == once);
    gateway.pass(Duration::seconds(60));
    CHECK(gateway.sent().empty());
}

TEST_CASE("announcer: the gateway's address need not be in the pool", "[control][arp]") {
    Gateway gateway(two_interfaces({{ip("198.51.100.8"), ip("198.51.100.9")}}));
    gateway.neighbours.start(gateway.now);
    gateway.pass(Duration{1000});
    CHECK(announced(gateway.sent()) == std::map<Be32, unsigned>{{ip("10.1.0.1"), 1},
                                                                {ip("198.51.100.1"), 1},
                                                                {ip("198.51.100.8"), 1},
                                                                {ip("198.51.100.9"), 1}});
}

TEST_CASE("announcer: pool addresses beyond the subnet are routed here, not announced",
          "[control][arp]") {
    Gateway gateway(two_interfaces(
        {{ip("203.0.113.0"), ip("203.0.113.255")}, {ip("198.51.99.250"), ip("198.51.100.2")}}));
    gateway.neighbours.start(gateway.now);
    gateway.pass(Duration{1000});
    CHECK(announced(gateway.sent()) == std::map<Be32, unsigned>{{ip("10.1.0.1"), 1},
                                                                {ip("198.51.100.0"), 1},
                                                                {ip("198.51.100.1"), 1},
                                                                {ip("198.51.100.2"), 1}});
}

TEST_CASE("announcer: a large pool is announced over several turns", "[control][arp]") {
    Gateway gateway(two_interfaces({{ip("198.51.100.1"), ip("198.51.100.200")}}));
    gateway.neighbours.start(gateway.now);
    size_t told = 0;
    for (unsigned turn = 0; turn < 7; ++turn) {
        gateway.neighbours.turn(gateway.now);
        const auto sent = gateway.sent();
        CHECK(sent.size() <= control::kAnnouncementsPerTurn);
        told += sent.size();
    }
    CHECK(told == 201);
}
