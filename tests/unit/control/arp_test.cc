// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// What neighbours do with ARP frames that others send.

#include "catch.h"
#include "control/neighbours.h"
#include "gateway.h"

namespace arp_test {

using namespace sluice;
using namespace sluice::test;
using control::kBroadcast;
using net::Arp;

namespace {

constexpr MacAddress kHost = mac(0x55);

/// Whether a packet for the host goes to him without a question; it is sent.
bool goes_at_once(Gateway& gateway, InterfaceId interface, const char* address) {
    gateway.sent();
    gateway.forward(interface, address);
    const auto sent = gateway.sent();
    return sent.size() == 1 && !sent[0].arp();
}

}  // namespace

TEST_CASE("arp: own and pool addresses are answered for, each on its side", "[control][arp]") {
    struct Case {
        InterfaceId interface;
        const char* asker;
        const char* target;
        bool answered;
    };
    const auto [interface, asker, target, answered] = GENERATE(values<Case>({
        {kInside, "10.1.0.10", "10.1.0.1", true},
        {kInside, "10.1.0.10", "10.1.0.2", false},
        {kInside, "10.1.0.10", "198.51.100.1", false},
        {kOutside, "198.51.100.9", "198.51.100.1", true},
        {kOutside, "198.51.100.9", "198.51.100.4", true},
        {kOutside, "198.51.100.9", "198.51.100.5", false},
        {kOutside, "198.51.100.9", "10.1.0.1", false},
        {kOutside, "0.0.0.0", "198.51.100.3", true},  // a probe: RFC 5227 §2.1.1
    }));
    CAPTURE(asker, target);
    Running gateway;
    gateway.hear(interface, arp_request(kHost, ip(asker), ip(target)), 1);
    CHECK(gateway.count(Count::ArpReceived) == 1);
    CHECK(gateway.count(Count::Consumed) == 1);
    const auto sent = gateway.sent(1);
    REQUIRE(sent.size() == (answered ? 1 : 0));
    if (!answered)
        return;
    CHECK(sent[0].note.complete);
    CHECK(sent[0].note.to == interface);
    CHECK(sent[0].destination() == kHost);
    const auto reply = sent[0].arp();
    REQUIRE(reply);
    CHECK(reply->operation == Arp::Operation::Reply);
    CHECK(reply->sender == ip(target));
    CHECK(reply->sender_mac == (interface == kInside ? kInsideMac : kOutsideMac));
    CHECK(reply->target == ip(asker));
    CHECK(reply->target_mac == kHost);
}

TEST_CASE("arp: what is for a host that has asked for the gateway goes without a question",
          "[control][arp]") {
    Running gateway;
    gateway.hear(kOutside, arp_request(kHost, ip("198.51.100.9"), ip("198.51.100.2")));
    CHECK_FALSE(gateway.knows(kOutside, "198.51.100.9"));  // before something goes there
    CHECK(goes_at_once(gateway, kOutside, "198.51.100.9"));
    CHECK(gateway.hop(kOutside, "198.51.100.9").mac() == kHost);
    CHECK_FALSE(goes_at_once(gateway, kInside, "198.51.100.9"));
}

TEST_CASE("arp: forged senders take no place from hosts that packets go to", "[control][arp]") {
    Running gateway(two_interfaces(), 64);
    gateway.meet(kInside, "10.1.0.10", kHost);
    for (uint32_t i = 0; i < 20'000; ++i) {
        const auto forged = mac(static_cast<uint8_t>(0x60 + i % 32));
        gateway.hear(kInside,
                     arp_request(forged, Be32::from_host(0x0a010014 + i % 200), ip("10.1.0.1")));
        gateway.sent();
    }
    gateway.pass(Duration::seconds(1));
    CHECK(gateway.hop(kInside, "10.1.0.10").mac() == kHost);
    CHECK(gateway.count(Count::NeighboursEvicted) == 0);
    // Nor from who asks after them.
    gateway.hear(kInside, arp_request(mac(0x56), ip("10.1.0.11"), ip("10.1.0.1")));
    CHECK(goes_at_once(gateway, kInside, "10.1.0.11"));
    CHECK(gateway.hop(kInside, "10.1.0.11").mac() == mac(0x56));
}

TEST_CASE("arp: of two that ask as one address neither is believed", "[control][arp]") {
    Running gateway;
    gateway.hear(kInside, arp_request(kHost, ip("10.1.0.10"), ip("10.1.0.1")));
    gateway.hear(kInside, arp_request(mac(0x66), ip("10.1.0.10"), ip("10.1.0.1")));
    gateway.hear(kInside, arp_request(mac(0x66), ip("10.1.0.10"), ip("10.1.0.1")));
    CHECK(gateway.count(Count::NeighbourConflicts) == 2);
    REQUIRE(gateway.log.size() == 1);
    CHECK(gateway.log[0] ==
          "neighbour 10.1.0.10 is at 02:00:00:00:00:55, and 02:00:00:00:00:66 claims to be it");
    CHECK_FALSE(goes_at_once(gateway, kInside, "10.1.0.10"));  // everybody is asked
}

TEST_CASE("arp: nothing is learned from those who want nothing, or cannot be", "[control][arp]") {
    struct Case {
        const char* sender;
        const char* target;
    };
    const auto [sender, target] = GENERATE(values<Case>({
        {"10.1.0.10", "10.1.0.20"},   // for another host
        {"10.1.0.10", "10.1.0.10"},   // an announcement
        {"192.168.7.7", "10.1.0.1"},  // another subnet
        {"0.0.0.0", "10.1.0.1"},      // a probe
    }));
    CAPTURE(sender, target);
    Running gateway;
    gateway.hear(kInside, arp_request(kHost, ip(sender), ip(target)));
    CHECK(gateway.count(Count::Consumed) == 1);
    CHECK_FALSE(gateway.knows(kInside, sender));
    CHECK_FALSE(goes_at_once(gateway, kInside, sender));
}

TEST_CASE("arp: a claim moves a neighbour only when its own MAC does not answer",
          "[control][arp][rfc826]") {
    const bool answers = GENERATE(true, false);
    const Bytes claim = GENERATE(arp_request(mac(0x66), ip("10.1.0.10"), ip("10.1.0.10")),
                                 arp_request(mac(0x66), ip("10.1.0.10"), ip("10.1.0.1")),
                                 arp_reply(mac(0x66), ip("10.1.0.10"), kInsideMac, ip("10.1.0.1")));
    Running gateway;
    gateway.meet(kInside, "10.1.0.10", kHost);
    gateway.pass(Duration::seconds(2));
    gateway.hear(kInside, claim);
    CHECK(gateway.count(Count::NeighbourConflicts) == 1);
    REQUIRE(gateway.log.size() == 1);
    CHECK(gateway.log[0] ==
          "neighbour 10.1.0.10 is at 02:00:00:00:00:55, and 02:00:00:00:00:66 claims to be it");
    unsigned questions = 0;
    for (int step = 0; step < 16; ++step) {
        CHECK(gateway.hop(kInside, "10.1.0.10").mac() == kHost);
        for (const Sent& sent : gateway.sent()) {
            if (sent.arp()->operation != Arp::Operation::Request)
                continue;  // the answer to the claim that asks
            ++questions;
            CHECK(sent.destination() == kHost);
        }
        if (answers && step == 1)
            gateway.hear(kInside, arp_reply(kHost, ip("10.1.0.10"), kInsideMac, ip("10.1.0.1")));
        gateway.hear(kInside, claim);
        gateway.pass(Duration{100});
    }
    CHECK(questions == (answers ? 2 : 3));  // the second after a second
    CHECK(gateway.hop(kInside, "10.1.0.10").mac() == (answers ? kHost : mac(0x66)));
    CHECK(gateway.count(Count::NeighboursMoved) == !answers);
    CHECK(gateway.log.size() == 1);
}

TEST_CASE("arp: claims do not have a neighbour asked more than once a second", "[control][arp]") {
    Running gateway;
    gateway.meet(kInside, "10.1.0.10", kHost);
    unsigned questions = 0;
    for (int step = 0; step < 100; ++step) {
        gateway.hear(kInside, arp_request(mac(0x66), ip("10.1.0.10"), ip("10.1.0.10")));
        for (const Sent& sent : gateway.sent()) {
            questions += sent.destination() == kHost;
            gateway.hear(kInside, arp_reply(kHost, ip("10.1.0.10"), kInsideMac, ip("10.1.0.1")));
        }
        gateway.pass(Duration{50});
    }
    CHECK(questions == 4);  // in 5 s, of which none in the first
    CHECK(gateway.hop(kInside, "10.1.0.10").mac() == kHost);
    CHECK(gateway.count(Count::NeighbourConflicts) == 100);
}

TEST_CASE("arp: a neighbour that is silent when verified may have moved", "[control][arp]") {
    Running gateway;
    gateway.meet(kInside, "10.1.0.10", kHost);
    gateway.hops->mark_used(gateway.hops->find(kInside, ip("10.1.0.10")));
    gateway.pass(Duration{30'100});  // asked alone
    gateway.pass(Duration{1'100});   // everybody is asked
    gateway.sent();
    gateway.hear(kInside, arp_reply(mac(0x66), ip("10.1.0.10"), kInsideMac, ip("10.1.0.1")));
    CHECK(gateway.hop(kInside, "10.1.0.10").mac() == mac(0x66));
    CHECK(gateway.count(Count::NeighboursMoved) == 1);
    CHECK(gateway.count(Count::NeighbourConflicts) == 0);
}

TEST_CASE("arp: what the operator has said of a neighbour stays", "[control][arp]") {
    const std::vector<control::FixedNeighbour> fixed{{{kInside, ip("10.1.0.10")}, kHost}};
    Running gateway(two_interfaces(), 16, 2048, std::vector<link::Toward>{}, answering(), fixed);
    CHECK(goes_at_once(gateway, kInside, "10.1.0.10"));
    for (int i = 0; i < 10; ++i) {
        gateway.hear(kInside, arp_reply(mac(0x66), ip("10.1.0.10"), kInsideMac, ip("10.1.0.1")));
        gateway.pass(Duration::seconds(120));
    }
    CHECK(gateway.hop(kInside, "10.1.0.10").mac() == kHost);
    CHECK(gateway.count(Count::NeighbourConflicts) == 10);
    CHECK(gateway.sent().empty());  // nobody is asked
}

TEST_CASE("arp: a gateway outside the subnet may answer when asked", "[control][arp]") {
    // As with the /32 addresses of some clouds.
    Running gateway;
    gateway.forward(kOutside, "169.254.1.1");
    gateway.hear(kOutside, arp_reply(kHost, ip("169.254.1.1"), kOutsideMac, ip("198.51.100.1")));
    CHECK(gateway.hop(kOutside, "169.254.1.1").mac() == kHost);
    CHECK(gateway.counters.waiting.read() == 0);
}

TEST_CASE("arp: another host's claim of an address is counted, told and defended",
          "[control][arp][rfc5227]") {
    Running gateway;
    const Bytes claim = arp_request(kHost, ip("198.51.100.3"), ip("198.51.100.3"));
    gateway.hear(kOutside, claim);
    CHECK(gateway.count(Count::ArpConflicts) == 1);
    REQUIRE(gateway.log.size() == 1);
    CHECK(gateway.log[0] ==
          "address conflict: 02:00:00:00:00:55 claims 198.51.100.3, which is this gateway's");
    const auto defence = gateway.sent();
    REQUIRE(defence.size() == 1);
    CHECK(defence[0].destination() == kBroadcast);
    CHECK(defence[0].arp()->sender == ip("198.51.100.3"));
    CHECK(defence[0].arp()->target == ip("198.51.100.3"));
    CHECK(defence[0].arp()->sender_mac == kOutsideMac);

    // Two hosts that defend an address against each other must not fill the network.
    for (unsigned i = 0; i < 9; ++i) {
        gateway.pass(Duration::seconds(1));
        gateway.hear(kOutside, claim);
    }
    CHECK(gateway.count(Count::ArpConflicts) == 10);
    CHECK(gateway.sent().empty());
    CHECK(gateway.log.size() == 1);
    gateway.pass(Duration::seconds(2));
    gateway.hear(kOutside, claim);
    CHECK(gateway.sent().size() == 1);
    CHECK(gateway.log.size() == 2);
}

TEST_CASE("arp: with tell another host's claim is counted and told alone",
          "[control][arp][rfc5227]") {
    policy::Announcing announcing = answering();
    announcing.on_conflict = policy::OnConflict::Tell;
    Running gateway(two_interfaces(), 2000U, 2048U, std::vector<link::Toward>{}, announcing);
    for (const char* address : {"198.51.100.1", "198.51.100.3"})
        gateway.hear(kOutside, arp_request(kHost, ip(address), ip(address)));
    CHECK(gateway.count(Count::ArpConflicts) == 2);
    CHECK(gateway.log.size() == 1);
    CHECK(gateway.neighbours.has_claimed());
    CHECK(gateway.sent().empty());
}

TEST_CASE("arp: the gateway's own frame come back is no conflict", "[control][arp]") {
    Running gateway;
    gateway.hear(kOutside, arp_request(kOutsideMac, ip("198.51.100.3"), ip("198.51.100.3")));
    CHECK(gateway.count(Count::ArpConflicts) == 0);
    CHECK(gateway.count(Count::Consumed) == 1);
    CHECK(gateway.sent().empty());
}

TEST_CASE("arp: frames that are no sound ARP for IPv4 are dropped by name", "[control][arp]") {
    Running gateway;
    const Bytes whole = arp_request(kHost, ip("10.1.0.10"), ip("10.1.0.1"));
    for (size_t length = 14; length < net::kArpFrameBytes; ++length)
        gateway.hear(kInside, Bytes(whole.begin(), whole.begin() + static_cast<long>(length)));
    CHECK(gateway.dropped(Drop::ArpMalformed) == net::kArpFrameBytes - 14);
    Bytes for_ipv6 = whole;
    for_ipv6[16] = 0x86;
    for_ipv6[17] = 0xdd;
    gateway.hear(kInside, for_ipv6);
    Bytes reverse = whole;
    reverse[21] = 3;  // RARP
    gateway.hear(kInside, reverse);
    gateway.hear(kInside, arp_request({0x01, 0, 0x5e, 0, 0, 1}, ip("10.1.0.10"), ip("10.1.0.1")));
    CHECK(gateway.dropped(Drop::ArpMalformed) == net::kArpFrameBytes - 14 + 3);
    CHECK(gateway.count(Count::Consumed) == 0);
    CHECK(gateway.count(Count::ArpReceived) == 0);
}

}  // namespace arp_test
