// SPDX-License-Identifier: BSD-3-Clause
#include "control/announcer.h"

#include "catch.h"
#include "gateway.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

namespace announcer_test {

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
    gateway.pass(Duration{700});
    CHECK(announced(gateway.sent()) == once);
    gateway.pass(Duration::seconds(60));
    CHECK(gateway.sent().empty());
}

TEST_CASE("announcer: the gateway's address need not be in the pool", "[control][arp]") {
    Gateway gateway(two_interfaces(), 2000, 2048, {},
                    answering({{ip("198.51.100.8"), ip("198.51.100.9")}}));
    gateway.neighbours.start(gateway.now);
    gateway.pass(Duration{1000});
    CHECK(announced(gateway.sent()) == std::map<Be32, unsigned>{{ip("10.1.0.1"), 1},
                                                                {ip("198.51.100.1"), 1},
                                                                {ip("198.51.100.8"), 1},
                                                                {ip("198.51.100.9"), 1}});
}

TEST_CASE("announcer: pool addresses beyond the subnet are routed here, not announced",
          "[control][arp]") {
    Gateway gateway(two_interfaces(), 2000, 2048, {},
                    answering({{ip("203.0.113.0"), ip("203.0.113.255")},
                               {ip("198.51.99.250"), ip("198.51.100.2")}}));
    gateway.neighbours.start(gateway.now);
    gateway.pass(Duration{1000});
    CHECK(announced(gateway.sent()) == std::map<Be32, unsigned>{{ip("10.1.0.1"), 1},
                                                                {ip("198.51.100.0"), 1},
                                                                {ip("198.51.100.1"), 1},
                                                                {ip("198.51.100.2"), 1}});
}

TEST_CASE("announcer: a large pool is announced at 200 addresses a second, own ones first",
          "[control][arp]") {
    Gateway gateway(two_interfaces(), 2000, 2048, {},
                    answering({{ip("198.51.100.1"), ip("198.51.100.200")}}));
    gateway.neighbours.start(gateway.now);
    std::vector<Sent> all;
    for (unsigned milliseconds = 0; milliseconds < 1000; ++milliseconds) {
        gateway.neighbours.turn(gateway.now);
        for (Sent& sent : gateway.sent())
            all.push_back(std::move(sent));
        gateway.now = gateway.now + Duration{1};
    }
    CHECK(all.size() == 200);
    CHECK(all[0].arp()->sender == ip("10.1.0.1"));
    CHECK(all[1].arp()->sender == ip("198.51.100.1"));
    for (const auto& [address, times] : announced(all))
        CHECK(times == 1);
}

TEST_CASE("announcer: who takes over tells of a large pool within 10 ms, own addresses first",
          "[control][arp]") {
    Gateway gateway(two_interfaces(), 2000, 2048, {},
                    answering({{ip("198.51.100.0"), ip("198.51.100.255")}}));
    gateway.neighbours.start(gateway.now, true);
    std::vector<Sent> all;
    for (unsigned milliseconds = 0; milliseconds < 10; ++milliseconds) {
        gateway.neighbours.turn(gateway.now);
        std::vector<Sent> sent = gateway.sent();
        CHECK(sent.size() <= control::kHastyBatch);
        std::move(sent.begin(), sent.end(), std::back_inserter(all));
        gateway.now = gateway.now + Duration{1};
    }
    REQUIRE(all.size() == 257);  // and the inside address
    CHECK(all[0].arp()->sender == ip("10.1.0.1"));
    CHECK(all[1].arp()->sender == ip("198.51.100.1"));
    for (const auto& [address, times] : announced(all))
        CHECK(times == 1);
    gateway.pass(Duration{1900});
    CHECK(gateway.sent().empty());
    // The second round has the time that others have.
    gateway.pass(Duration{500});
    const size_t later = gateway.sent().size();
    CHECK(later > 0);
    CHECK(later <= 101);
    gateway.pass(Duration::seconds(60));
    CHECK(gateway.sent().size() == 257 - later);
}

TEST_CASE("announcer: a pool that is larger than that gets 32 addresses each 5 ms",
          "[control][arp]") {
    Gateway gateway(two_interfaces(20), 2000, 2048, {},
                    answering({{ip("198.51.96.1"), ip("198.51.103.255")}}));
    gateway.neighbours.start(gateway.now, true);
    size_t count = 0;
    for (unsigned milliseconds = 0; milliseconds < 400; ++milliseconds) {
        gateway.neighbours.turn(gateway.now);
        const size_t sent = gateway.sent().size();
        CHECK(sent <= control::kHastyBatch);
        count += sent;
        if (milliseconds == 104)  // 10 batches in haste, and 19 that are spaced
            CHECK(count == 29 * control::kHastyBatch);
        gateway.now = gateway.now + Duration{1};
    }
    CHECK(count == 2048);
}

TEST_CASE("announcer: with an interval, every own address is told again and again",
          "[control][arp]") {
    Gateway gateway(two_interfaces(), 2000, 2048, {}, announced_every(Duration::seconds(60)));
    gateway.neighbours.start(gateway.now);
    gateway.pass(Duration::seconds(10));
    CHECK(announced(gateway.sent())[ip("198.51.100.1")] == 2);
    for (unsigned minutes = 0; minutes < 3; ++minutes) {
        gateway.pass(Duration::seconds(60));
        CHECK(announced(gateway.sent()) ==
              std::map<Be32, unsigned>{{ip("10.1.0.1"), 1}, {ip("198.51.100.1"), 1}});
    }
}

TEST_CASE("announcer: own addresses are told anew when a link comes back", "[control][arp]") {
    Gateway gateway(two_interfaces(), 2000, 2048, {}, answering({}));
    gateway.neighbours.start(gateway.now);
    gateway.pass(Duration::seconds(10));
    gateway.sent();
    gateway.neighbours.link_came(gateway.now);
    gateway.pass(Duration::seconds(10));
    CHECK(announced(gateway.sent()) ==
          std::map<Be32, unsigned>{{ip("10.1.0.1"), 2}, {ip("198.51.100.1"), 2}});
}

TEST_CASE("announcer: when a link comes back, everybody is asked who the router is",
          "[control][arp]") {
    const Be32 router = ip("198.51.100.254");
    Gateway gateway(two_interfaces(), 2000, 2048, {{kOutside, router}}, answering({}));
    gateway.neighbours.start(gateway.now);
    gateway.hear(kOutside, arp_reply(mac(9), router, kOutsideMac, ip("198.51.100.1")));
    gateway.pass(Duration::seconds(10));
    gateway.sent();
    gateway.neighbours.link_came(gateway.now);
    const auto sent = gateway.sent();
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].arp()->target == router);
    CHECK(sent[0].destination() == control::kBroadcast);
}

TEST_CASE("announcer: own addresses are told anew when a silent gateway answers again",
          "[control][arp]") {
    const Be32 router = ip("198.51.100.254");
    Gateway gateway(two_interfaces(), 2000, 2048, {{kOutside, router}}, answering({}));
    gateway.neighbours.start(gateway.now);
    gateway.pass(Duration::seconds(10));  // it has been given up, and is asked again
    gateway.sent();
    gateway.hear(kOutside, arp_reply(mac(9), router, kOutsideMac, ip("198.51.100.1")));
    gateway.pass(Duration::seconds(5));
    unsigned times = 0;
    for (const Sent& sent : gateway.sent())
        times += sent.arp()->sender == sent.arp()->target;
    CHECK(times == 4);
}

TEST_CASE("announcer: another configuration's interval and addresses hold at once",
          "[control][arp][reload]") {
    Gateway gateway(two_interfaces(), 2000, 2048, {}, answering({}));
    gateway.neighbours.start(gateway.now);
    gateway.pass(Duration::seconds(10));
    gateway.sent();
    gateway.neighbours.announce_by(announced_every(Duration::seconds(30)), gateway.now);
    gateway.pass(Duration::seconds(29));
    CHECK(gateway.sent().empty());
    gateway.pass(Duration::seconds(2));
    CHECK(announced(gateway.sent()) ==
          std::map<Be32, unsigned>{{ip("10.1.0.1"), 1}, {ip("198.51.100.1"), 1}});

    gateway.neighbours.announce_by(answering({{ip("198.51.100.7"), ip("198.51.100.7")}}),
                                   gateway.now);
    gateway.pass(Duration::seconds(10));
    CHECK(announced(gateway.sent()) == std::map<Be32, unsigned>{{ip("10.1.0.1"), 2},
                                                                {ip("198.51.100.1"), 2},
                                                                {ip("198.51.100.7"), 2}});
    gateway.pass(Duration::seconds(100));
    CHECK(gateway.sent().empty());
}

}  // namespace announcer_test
