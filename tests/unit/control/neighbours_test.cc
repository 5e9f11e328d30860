// SPDX-License-Identifier: BSD-3-Clause
#include "control/neighbours.h"

#include "catch.h"
#include "gateway.h"

namespace neighbours_test {

using namespace sluice;
using namespace sluice::test;
using control::kBroadcast;
using net::Arp;

namespace {

constexpr MacAddress kHost = mac(0x55);

/// The ARP requests for `target` among what was sent.
std::vector<Sent> requests(const std::vector<Sent>& sent, const char* target) {
    std::vector<Sent> result;
    for (const Sent& packet : sent)
        if (const auto arp = packet.arp(); arp && arp->operation == Arp::Operation::Request &&
                                           arp->target == ip(target) && arp->sender != arp->target)
            result.push_back(packet);
    return result;
}

/// Of 198.51.100.1/16, of which there are more than packets may wait for.
std::string silent_hop(uint32_t i) {
    return "198.51." + std::to_string(101 + i / 256) + "." + std::to_string(i % 256);
}

}  // namespace

TEST_CASE("neighbours: a packet waits until its next hop answers", "[control][arp]") {
    Running gateway;
    gateway.forward(kInside, "10.1.0.10", 7, 1);
    CHECK(gateway.counters.waiting.read() == 1);

    const auto asked = gateway.sent();
    REQUIRE(asked.size() == 1);
    CHECK(asked[0].note.complete);
    CHECK(asked[0].note.to == kInside);
    CHECK(asked[0].destination() == kBroadcast);
    const auto request = asked[0].arp();
    REQUIRE(request);
    CHECK(request->operation == Arp::Operation::Request);
    CHECK(request->sender == ip("10.1.0.1"));
    CHECK(request->sender_mac == kInsideMac);
    CHECK(request->target == ip("10.1.0.10"));

    gateway.hear(kInside, arp_reply(kHost, ip("10.1.0.10"), kInsideMac, ip("10.1.0.1")));
    CHECK(gateway.counters.waiting.read() == 0);
    CHECK(gateway.sent(0).empty());
    const auto released = gateway.sent(1);  // the worker that it came from
    REQUIRE(released.size() == 1);
    CHECK(released[0].bytes == Bytes(60, 7));
    CHECK_FALSE(released[0].note.complete);
    CHECK(released[0].note.to == kInside);
    CHECK(released[0].note.next_hop == ip("10.1.0.10"));
    CHECK(gateway.hop(kInside, "10.1.0.10").is_resolved());
    CHECK(gateway.hop(kInside, "10.1.0.10").mac() == kHost);
}

TEST_CASE("neighbours: what a worker punts too late is sent on at once", "[control][arp]") {
    Running gateway;
    gateway.meet(kInside, "10.1.0.10", kHost);
    gateway.forward(kInside, "10.1.0.10");
    const auto sent = gateway.sent();
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].bytes == Bytes(60, 0));  // the packet, no question
}

TEST_CASE("neighbours: a silent hop is asked three times, a second apart", "[control][arp]") {
    Running gateway;
    gateway.forward(kOutside, "198.51.100.77");
    CHECK(requests(gateway.sent(), "198.51.100.77").size() == 1);
    gateway.pass(Duration{900});
    CHECK(gateway.sent().empty());
    gateway.pass(Duration{200});
    CHECK(requests(gateway.sent(), "198.51.100.77").size() == 1);
    gateway.pass(Duration::seconds(1));
    CHECK(requests(gateway.sent(), "198.51.100.77").size() == 1);
    CHECK(gateway.counters.waiting.read() == 1);

    // What waited goes back to its worker, which finds the hop failed.
    gateway.pass(Duration::seconds(1));
    CHECK(gateway.sent().size() == 1);
    CHECK(gateway.counters.waiting.read() == 0);
    CHECK(gateway.hop(kOutside, "198.51.100.77").has_failed());

    // Refused for three seconds, and then asked for again if anybody wants it.
    gateway.forward(kOutside, "198.51.100.77");
    const auto refused = gateway.sent();
    REQUIRE(refused.size() == 1);
    CHECK(refused[0].bytes == Bytes(60, 0));  // the packet, no question
    gateway.pass(Duration{3200});
    CHECK_FALSE(gateway.hop(kOutside, "198.51.100.77").has_failed());
    gateway.forward(kOutside, "198.51.100.77");
    CHECK(requests(gateway.sent(), "198.51.100.77").size() == 1);
    CHECK(gateway.counters.waiting.read() == 1);
}

TEST_CASE("neighbours: of many packets for one hop the latest wait", "[control][arp]") {
    Running gateway;
    constexpr uint8_t kMost = control::kMaxWaitingPerHop;
    for (uint8_t number = 0; number < kMost + 2; ++number)
        gateway.forward(kInside, "10.1.0.10", number);
    CHECK(gateway.counters.waiting.read() == kMost);
    CHECK(gateway.dropped(Drop::NeighbourQueueFull) == 2);
    gateway.sent();
    gateway.hear(kInside, arp_reply(kHost, ip("10.1.0.10"), kInsideMac, ip("10.1.0.1")));
    const auto released = gateway.sent();
    REQUIRE(released.size() == kMost);
    for (uint8_t i = 0; i < kMost; ++i)
        CHECK(released[i].bytes[0] == i + 2);
}

TEST_CASE("neighbours: no more than so many packets wait in all", "[control][arp]") {
    Running gateway;
    for (uint32_t i = 0; i < control::kMaxWaiting / 8; ++i)
        for (unsigned packet = 0; packet < 8; ++packet)
            gateway.forward(kOutside, ("198.51.101." + std::to_string(i)).c_str());
    CHECK(gateway.counters.waiting.read() == control::kMaxWaiting);
    CHECK(gateway.dropped(Drop::NeighbourQueueFull) == 0);
    gateway.forward(kOutside, "198.51.102.1");
    CHECK(gateway.dropped(Drop::NeighbourQueueFull) == 1);
    CHECK(gateway.counters.waiting.read() == control::kMaxWaiting);
}

TEST_CASE("neighbours: hops that do not answer keep no place from another's first packet",
          "[control][arp]") {
    Running gateway(two_interfaces(16), 8 * control::kMaxWaiting);
    const uint32_t most = control::kMaxWaiting;
    const uint32_t each = GENERATE(1, 4, 64);  // packets for each of them
    for (uint32_t packet = 0; packet < most; ++packet) {
        gateway.forward(kOutside, silent_hop(packet / each).c_str());
        gateway.sent();  // the questions
    }
    CHECK(gateway.counters.waiting.read() == most);

    gateway.forward(kOutside, "198.51.100.9", 1);
    gateway.forward(kOutside, silent_hop(most / each - 1).c_str());
    CHECK(gateway.dropped(Drop::NeighbourQueueFull) == 2);
    gateway.sent();
    gateway.hear(kOutside, arp_reply(mac(9), ip("198.51.100.9"), kOutsideMac, ip("198.51.100.1")));
    const std::vector<Sent> sent = gateway.sent();
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].bytes.back() == 1);
}

TEST_CASE("neighbours: of hops with as many packets the one that has waited longest gives way",
          "[control][arp]") {
    Running gateway(two_interfaces(16), 8 * control::kMaxWaiting);
    for (uint32_t i = 0; i < control::kMaxWaiting + 2; ++i) {
        gateway.forward(kOutside, silent_hop(i).c_str());
        gateway.sent();
    }
    CHECK(gateway.dropped(Drop::NeighbourQueueFull) == 2);
    const auto released = [&](uint32_t i) {
        const Be32 address = ip(silent_hop(i).c_str());
        gateway.hear(kOutside, arp_reply(mac(9), address, kOutsideMac, ip("198.51.100.1")));
        return gateway.sent().size();
    };
    CHECK(released(0) == 0);
    CHECK(released(1) == 0);
    CHECK(released(2) == 1);
    CHECK(released(control::kMaxWaiting + 1) == 1);
}

TEST_CASE("neighbours: without a free hop a packet is dropped by name", "[control][arp]") {
    Running gateway(two_interfaces(), 1);
    gateway.forward(kInside, "10.1.0.10");
    gateway.forward(kInside, "10.1.0.11");
    CHECK(gateway.counters.waiting.read() == 1);
    CHECK(gateway.dropped(Drop::NeighbourTableFull) == 1);
}

TEST_CASE("neighbours: where places run short those used longest ago go, never a gateway",
          "[control][arp]") {
    const std::vector<control::FixedNeighbour> fixed{{{kInside, ip("10.1.0.3")}, mac(3)}};
    Running gateway(two_interfaces(), 64, 2048,
                    std::vector<link::Toward>{{kInside, ip("10.1.0.2")}}, answering(), fixed);
    gateway.hear(kInside, arp_reply(mac(2), ip("10.1.0.2"), kInsideMac, ip("10.1.0.1")));
    const auto host = [](unsigned i) { return "10.1.0." + std::to_string(10 + i); };
    const auto meet = [&](unsigned i) {
        gateway.meet(kInside, host(i).c_str(), mac(static_cast<uint8_t>(0x60 + i)));
    };
    for (unsigned i = 0; i < 40; ++i) {
        meet(i);
        gateway.pass(Duration{50});
    }
    gateway.sent();
    for (unsigned i = 0; i < 10; ++i)  // by a worker, and nobody has looked since
        gateway.hops->mark_used(gateway.hops->find(kInside, ip(host(i).c_str())));
    for (unsigned i = 40; i < 80; ++i) {
        meet(i);
        gateway.pass(Duration{100});
        gateway.sent();
        gateway.reuse_hops();
    }
    CHECK(gateway.dropped(Drop::NeighbourTableFull) == 0);
    for (unsigned i = 0; i < 80; ++i) {
        CAPTURE(i);
        CHECK(gateway.knows(kInside, host(i).c_str()) == (i < 10 || i >= 32));
    }
    CHECK(gateway.count(Count::NeighboursEvicted) == 22);  // 80 and 2 in 64 places, 4 are free
    CHECK(gateway.knows(kInside, "10.1.0.2"));
    CHECK(gateway.knows(kInside, "10.1.0.3"));
}

TEST_CASE("neighbours: who answers for many addresses gives way before others", "[control][arp]") {
    Running gateway(two_interfaces(), 64);
    const auto host = [](unsigned i) { return "10.1.0." + std::to_string(10 + i); };
    for (unsigned i = 0; i < 20; ++i)
        gateway.meet(kInside, host(i).c_str(), mac(static_cast<uint8_t>(0x60 + i)));
    for (unsigned i = 20; i < 200; ++i) {
        gateway.meet(kInside, host(i).c_str(), kHost);
        gateway.pass(Duration{100});
        gateway.sent();
        gateway.reuse_hops();
    }
    for (unsigned i = 0; i < 20; ++i)
        CHECK(gateway.knows(kInside, host(i).c_str()));
    CHECK(gateway.knows(kInside, host(199).c_str()));
}

TEST_CASE("neighbours: who is not there takes a quarter of the places at most", "[control][arp]") {
    Running gateway(two_interfaces(), 256);
    gateway.meet(kInside, "10.1.0.10", kHost);
    const auto asked = [](uint32_t i) { return "198.51.100." + std::to_string(i); };
    for (uint32_t i = 20; i < 84; ++i)
        gateway.forward(kOutside, asked(i).c_str());
    CHECK(gateway.dropped(Drop::NeighbourTableFull) == 0);
    gateway.forward(kOutside, asked(84).c_str());
    CHECK(gateway.dropped(Drop::NeighbourTableFull) == 1);

    // Who is wanted next has a place a moment later: those that have been asked for longest go.
    gateway.pass(Duration{100});
    CHECK(gateway.dropped(Drop::NeighbourTableFull) == 1 + 64 / 16);
    gateway.reuse_hops();
    gateway.meet(kOutside, asked(84).c_str(), mac(9));
    CHECK(gateway.hop(kOutside, asked(84).c_str()).mac() == mac(9));
    CHECK(gateway.hop(kInside, "10.1.0.10").mac() == kHost);

    // And who has asked for the gateway needs no question.
    for (uint32_t i = 100; i < 200; ++i)
        gateway.forward(kOutside, asked(i).c_str());
    gateway.hear(kInside, arp_request(mac(0x56), ip("10.1.0.11"), ip("10.1.0.1")));
    gateway.forward(kInside, "10.1.0.11");
    CHECK(gateway.hop(kInside, "10.1.0.11").mac() == mac(0x56));
    for (unsigned worker = 0; worker < Workers::kCount; ++worker)
        gateway.sent(worker);
}

TEST_CASE("neighbours: gateways have their places before addresses are claimed", "[control][arp]") {
    Gateway gateway(two_interfaces(), 4, 2048, {{kOutside, ip("198.51.100.254")}}, probing());
    gateway.neighbours.start(gateway.now);
    for (uint32_t i = 0; i < 8; ++i)
        gateway.forward(kInside, ("10.1.0." + std::to_string(10 + i)).c_str());
    CHECK(gateway.knows(kOutside, "198.51.100.254"));
    gateway.pass(Duration::seconds(6));
    CHECK(requests(gateway.sent(), "198.51.100.254").size() >= 1);
}

TEST_CASE("neighbours: a full ring to a worker drops by name", "[control][arp]") {
    Gateway gateway(two_interfaces(), 100, 4);
    gateway.neighbours.start(gateway.now);
    for (unsigned packet = 0; packet < 6; ++packet)
        gateway.forward(kInside, "10.1.0.10", 0, 1);
    gateway.hear(kInside, arp_reply(kHost, ip("10.1.0.10"), kInsideMac, ip("10.1.0.1")));
    CHECK(gateway.sent(1).size() == 3);
    CHECK(gateway.dropped(Drop::ReleaseFull) == 3);
}

TEST_CASE("neighbours: what waits at the end is dropped by name", "[control][arp]") {
    Running gateway;
    gateway.forward(kInside, "10.1.0.10");
    gateway.forward(kOutside, "198.51.100.77");
    gateway.neighbours.stop(stats::Drop::Shutdown);
    CHECK(gateway.dropped(Drop::Shutdown) == 2);
    CHECK(gateway.counters.waiting.read() == 0);
}

TEST_CASE("neighbours: a used hop is verified every 30 s, alone first", "[control][arp]") {
    Running gateway;
    gateway.meet(kInside, "10.1.0.10", kHost);
    const HopIndex hop = gateway.hops->find(kInside, ip("10.1.0.10"));
    gateway.hops->mark_used(hop);
    gateway.sent();
    gateway.pass(Duration{30'100});
    const auto alone = requests(gateway.sent(), "10.1.0.10");
    REQUIRE(alone.size() == 1);
    CHECK(alone[0].destination() == kHost);
    CHECK(gateway.hops->read(hop).is_resolved());  // packets go on meanwhile

    SECTION("and stays when it answers") {
        gateway.hear(kInside, arp_reply(kHost, ip("10.1.0.10"), kInsideMac, ip("10.1.0.1")));
        gateway.pass(Duration::seconds(20));
        CHECK(gateway.sent().empty());
        CHECK(gateway.hops->read(hop).is_resolved());
    }
    SECTION("and is refused when it does not") {
        gateway.pass(Duration{2100});
        const auto asked = requests(gateway.sent(), "10.1.0.10");
        REQUIRE(asked.size() == 2);
        CHECK(asked[0].destination() == kBroadcast);
        CHECK(asked[1].destination() == kBroadcast);
        CHECK(gateway.hops->read(hop).is_resolved());
        gateway.pass(Duration::seconds(1));
        CHECK(gateway.hops->read(hop).has_failed());
        CHECK_FALSE(gateway.hops->read(hop).is_resolved());
    }
}

TEST_CASE("neighbours: an unused hop is left alone, and forgotten after 10 minutes",
          "[control][arp]") {
    Running gateway;
    gateway.meet(kInside, "10.1.0.10", kHost);
    const uint32_t generation = gateway.hops->generation();
    gateway.pass(Duration::seconds(595));
    CHECK(gateway.sent().empty());
    CHECK(gateway.hops->find(kInside, ip("10.1.0.10")) != link::kNoHop);
    CHECK(gateway.hops->generation() == generation);
    gateway.pass(Duration::seconds(40));
    CHECK(gateway.hops->find(kInside, ip("10.1.0.10")) == link::kNoHop);
    CHECK(gateway.hops->generation() != generation);

    // Known again as if for the first time.
    gateway.reuse_hops();
    gateway.forward(kInside, "10.1.0.10");
    CHECK(requests(gateway.sent(), "10.1.0.10").size() == 1);
}

TEST_CASE("neighbours: who is let go is forgotten if nothing has gone there for half a minute",
          "[control][arp]") {
    Gateway gateway(two_interfaces(), 2000, 2048, {{kOutside, ip("198.51.100.254")}});
    gateway.neighbours.start(gateway.now);
    gateway.hear(kOutside,
                 arp_reply(mac(0x66), ip("198.51.100.254"), kOutsideMac, ip("198.51.100.1")));
    gateway.meet(kInside, "10.1.0.10", kHost);
    gateway.meet(kInside, "10.1.0.11", mac(0x56));
    const auto let_go = [&](InterfaceId interface, const char* address) {
        gateway.neighbours.let_go(interface, ip(address), gateway.now);
        return !gateway.knows(interface, address);
    };
    CHECK_FALSE(let_go(kInside, "10.1.0.10"));
    gateway.pass(Duration::seconds(20));
    gateway.hops->mark_used(gateway.hops->find(kInside, ip("10.1.0.11")));
    CHECK_FALSE(let_go(kInside, "10.1.0.10"));
    CHECK_FALSE(let_go(kInside, "10.1.0.11"));
    gateway.pass(Duration::seconds(12));
    CHECK(let_go(kInside, "10.1.0.10"));
    CHECK_FALSE(let_go(kInside, "10.1.0.11"));
    CHECK(let_go(kInside, "10.1.0.12"));  // who is not known
    gateway.pass(Duration::seconds(60));
    gateway.hear(kOutside,
                 arp_reply(mac(0x66), ip("198.51.100.254"), kOutsideMac, ip("198.51.100.1")));
    CHECK_FALSE(let_go(kOutside, "198.51.100.254"));
}

TEST_CASE("neighbours: a hop that never answered is forgotten soon", "[control][arp]") {
    Running gateway;
    for (unsigned i = 0; i < 100; ++i)  // somebody scans the subnet
        gateway.forward(kOutside, ("198.51.100." + std::to_string(100 + i)).c_str());
    const uint32_t generation = gateway.hops->generation();
    gateway.pass(Duration::seconds(12));
    CHECK(gateway.hops->find(kOutside, ip("198.51.100.150")) != link::kNoHop);
    gateway.pass(Duration::seconds(6));
    for (unsigned i = 0; i < 100; ++i) {
        const std::string address = "198.51.100." + std::to_string(100 + i);
        REQUIRE(gateway.hops->find(kOutside, ip(address)) == link::kNoHop);
    }
    CHECK(gateway.hops->generation() != generation);
    CHECK(gateway.counters.waiting.read() == 0);
}

TEST_CASE("neighbours: gateways are asked for ahead of traffic, and for ever", "[control][arp]") {
    Gateway gateway(two_interfaces(), 2000, 2048,
                    {{kOutside, ip("198.51.100.254")}, {kInside, ip("10.1.0.254")}});
    gateway.neighbours.start(gateway.now);
    const auto first = gateway.sent();
    CHECK(requests(first, "198.51.100.254").size() == 1);
    CHECK(requests(first, "10.1.0.254").size() == 1);

    // Silent: three tries, three seconds, and again, with one sentence about it.
    gateway.hear(kInside, arp_reply(mac(9), ip("10.1.0.254"), kInsideMac, ip("10.1.0.1")));
    gateway.pass(Duration::seconds(20));
    CHECK(requests(gateway.sent(), "198.51.100.254").size() >= 9);
    REQUIRE(gateway.log.size() == 1);
    CHECK(gateway.log[0] == "next hop 198.51.100.254 does not answer ARP");

    gateway.hear(kOutside, arp_reply(kHost, ip("198.51.100.254"), kOutsideMac, ip("198.51.100.1")));
    CHECK(gateway.hop(kOutside, "198.51.100.254").mac() == kHost);
    REQUIRE(gateway.log.size() == 2);
    CHECK(gateway.log[1] == "next hop 198.51.100.254 is at 02:00:00:00:00:55");

    // Verified although nothing goes there.
    gateway.pass(Duration::seconds(29));
    CHECK(requests(gateway.sent(), "198.51.100.254").empty());
    gateway.pass(Duration::seconds(2));
    CHECK(requests(gateway.sent(), "198.51.100.254").size() >= 1);
}

TEST_CASE("neighbours: other gateways are asked for, those before are neighbours like any other",
          "[control][arp]") {
    Running gateway(two_interfaces(), 2000u, 2048u,
                    std::vector<link::Toward>{{kOutside, ip("198.51.100.254")}});
    gateway.hear(kOutside, arp_reply(kHost, ip("198.51.100.254"), kOutsideMac, ip("198.51.100.1")));
    gateway.neighbours.use_gateways({{kOutside, ip("198.51.100.253")}}, {}, gateway.now);
    CHECK(requests(gateway.sent(), "198.51.100.253").size() == 1);
    gateway.neighbours.use_gateways({{kOutside, ip("198.51.100.253")}}, {}, gateway.now);
    CHECK(gateway.sent().empty());

    gateway.hear(kOutside,
                 arp_reply(mac(9), ip("198.51.100.253"), kOutsideMac, ip("198.51.100.1")));
    gateway.pass(Duration::seconds(700));
    const auto later = gateway.sent();
    CHECK(requests(later, "198.51.100.253").size() > 10);
    CHECK(gateway.hops->find(kOutside, ip("198.51.100.254")) == link::kNoHop);
    CHECK(gateway.hops->find(kOutside, ip("198.51.100.253")) != link::kNoHop);
}

TEST_CASE("neighbours: without an mbuf the question is asked at the next try", "[control][arp]") {
    Running gateway;
    std::vector<rte_mbuf*> taken;
    const link::Note note{
        .punt = link::Punt::Unresolved, .to = kInside, .next_hop = ip("10.1.0.10")};
    rte_mbuf* packet = gateway.workers.packet(Bytes(60), note);
    while (rte_mbuf* mbuf = rte_pktmbuf_alloc(packet_pool()))
        taken.push_back(mbuf);
    gateway.neighbours.take_unresolved(packet, 0, gateway.now);
    for (rte_mbuf* mbuf : taken)
        rte_pktmbuf_free(mbuf);
    CHECK(gateway.sent().empty());
    gateway.pass(Duration{1100});
    CHECK(requests(gateway.sent(), "10.1.0.10").size() == 1);
}

}  // namespace neighbours_test
