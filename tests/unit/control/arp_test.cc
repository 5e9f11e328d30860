// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// What neighbours do with ARP frames that others send.

#include "catch.h"
#include "control/neighbours.h"
#include "gateway.h"

using namespace sluice;
using namespace sluice::test;
using control::kBroadcast;
using net::Arp;

namespace {

constexpr MacAddress kHost = mac(0x55);

bool is_known(Gateway& gateway, InterfaceId interface, const char* address) {
    return gateway.hops->find(interface, ip(address)) != link::kNoHop;
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

TEST_CASE("arp: who asks for the gateway is known from then on", "[control][arp]") {
    Running gateway;
    gateway.hear(kOutside, arp_request(kHost, ip("198.51.100.9"), ip("198.51.100.2")));
    CHECK(gateway.hop(kOutside, "198.51.100.9").mac() == kHost);
    CHECK_FALSE(is_known(gateway, kInside, "198.51.100.9"));
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
    CHECK_FALSE(is_known(gateway, kInside, sender));
    CHECK(gateway.count(Count::Consumed) == 1);
}

TEST_CASE("arp: an announcement moves a known neighbour", "[control][arp][rfc826]") {
    Running gateway;
    gateway.hear(kInside, arp_request(kHost, ip("10.1.0.10"), ip("10.1.0.1")));
    gateway.hear(kInside, arp_request(mac(0x66), ip("10.1.0.10"), ip("10.1.0.10")));
    CHECK(gateway.hop(kInside, "10.1.0.10").mac() == mac(0x66));
    CHECK(gateway.sent().size() == 1);  // the answer to the request, none to the announcement
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
