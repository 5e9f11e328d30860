// SPDX-License-Identifier: BSD-3-Clause
#include "control/claim.h"

#include "catch.h"
#include "gateway.h"

#include <algorithm>
#include <map>
#include <vector>

namespace claim_test {

using namespace sluice;
using namespace sluice::test;

namespace {

const Be32 kOwn = ip("198.51.100.1");

/// ARP frames since the last call that claim an address: those that have a sender address.
size_t claims_of(Gateway& gateway) {
    const std::vector<Sent> all = gateway.sent();
    return static_cast<size_t>(std::count_if(
        all.begin(), all.end(), [](const Sent& one) { return one.arp()->sender != Be32{}; }));
}

policy::Announcing leaving() {
    policy::Announcing announcing = answering();
    announcing.interval = Duration::seconds(1);
    announcing.on_conflict = policy::OnConflict::Leave;
    return announcing;
}

/// A gateway that probes before it claims.
struct Claiming : Gateway {
    explicit Claiming(link::Interfaces interfaces = two_interfaces(), uint32_t ring_size = 2048)
        : Gateway(std::move(interfaces), 2000, ring_size, {{kOutside, ip("198.51.100.254")}},
                  probing()) {
        neighbours.start(now);
    }

    size_t claims() { return claims_of(*this); }
};

/// One that leaves its own addresses to who claims them, and has announced itself.
struct Leaving : Gateway {
    Leaving() : Gateway(two_interfaces(), 2000, 2048, {}, leaving()) {
        neighbours.start(now);
        pass(Duration::seconds(3));
        sent();
    }
};

}  // namespace

TEST_CASE("claim: each own address is probed for three times before it is announced",
          "[control][arp][rfc5227]") {
    Claiming gateway;
    gateway.pass(Duration{3900});
    size_t probes = 0;
    for (const Sent& sent : gateway.sent()) {
        const auto arp = sent.arp();
        CHECK(arp->sender == Be32{});
        CHECK(sent.destination() == control::kBroadcast);
        probes += arp->target == kOwn || arp->target == ip("10.1.0.1");
    }
    CHECK(probes == 6);
    gateway.pass(Duration{1000});
    CHECK(gateway.claims() > 2);
}

TEST_CASE("claim: nothing is answered before the addresses are claimed",
          "[control][arp][rfc5227]") {
    Claiming gateway;
    gateway.pass(Duration{1000});
    gateway.sent();
    const Bytes question = arp_request(mac(9), ip("198.51.100.9"), kOwn);
    gateway.hear(kOutside, question);
    CHECK(gateway.claims() == 0);
    gateway.pass(Duration::seconds(5));
    gateway.sent();
    gateway.hear(kOutside, question);
    CHECK(gateway.claims() == 1);
}

TEST_CASE("claim: an address that another host has is left to it, and taken when it is free",
          "[control][arp][rfc5227]") {
    Claiming gateway;
    gateway.pass(Duration{500});
    SECTION("it answers") {
        gateway.hear(kOutside, arp_reply(mac(9), kOwn, kOutsideMac, ip("0.0.0.0")));
    }
    SECTION("it probes as well") {
        gateway.hear(kOutside, arp_request(mac(9), ip("0.0.0.0"), kOwn));
    }
    REQUIRE(gateway.log.size() == 1);
    CHECK(gateway.log[0].find("198.51.100.1") != std::string::npos);
    gateway.pass(Duration::seconds(12));
    CHECK(gateway.claims() == 0);
    gateway.pass(Duration::seconds(10));
    CHECK(gateway.claims() > 2);
}

TEST_CASE("claim: another configuration takes at once what is not claimed yet",
          "[control][arp][reload]") {
    Claiming gateway;
    gateway.pass(Duration{500});
    gateway.neighbours.announce_by(probing(), gateway.now);
    CHECK_FALSE(gateway.neighbours.has_claimed());
    gateway.neighbours.announce_by(answering(), gateway.now);
    CHECK(gateway.neighbours.has_claimed());
    gateway.pass(Duration{100});
    CHECK(gateway.claims() > 2);
    gateway.neighbours.announce_by(probing(), gateway.now);  // for the next start
    CHECK(gateway.neighbours.has_claimed());
}

TEST_CASE("claim: with leave an own address goes to who claims it, and comes back when it is free",
          "[control][arp][rfc5227]") {
    Leaving gateway;
    gateway.hear(kOutside, arp_request(mac(9), kOwn, kOwn));
    CHECK_FALSE(gateway.neighbours.has_claimed());
    CHECK(gateway.count(stats::Count::ArpConflicts) == 1);
    REQUIRE(gateway.log.size() == 1);
    CHECK(gateway.log[0].find("are left to it") != std::string::npos);
    gateway.hear(kOutside, arp_request(mac(8), ip("198.51.100.9"), kOwn));
    gateway.neighbours.announce_by(leaving(), gateway.now);  // a reload does not take it back
    gateway.pass(Duration{10'500});
    CHECK(claims_of(gateway) == 0);
    gateway.hear(kOutside, arp_reply(mac(9), kOwn, kOutsideMac, ip("0.0.0.0")));  // to a probe
    gateway.pass(Duration::seconds(12));
    CHECK(claims_of(gateway) == 0);
    gateway.pass(Duration::seconds(3));
    CHECK(gateway.neighbours.has_claimed());
    CHECK(claims_of(gateway) > 2);
}

TEST_CASE("claim: with leave an address of the pool is defended", "[control][arp][rfc5227]") {
    Leaving gateway;
    gateway.hear(kOutside, arp_request(mac(9), ip("198.51.100.3"), ip("198.51.100.3")));
    CHECK(gateway.neighbours.has_claimed());
    CHECK(claims_of(gateway) == 1);
}

TEST_CASE("claim: another configuration takes back what was left", "[control][arp][reload]") {
    Leaving gateway;
    gateway.hear(kOutside, arp_request(mac(9), kOwn, kOwn));
    CHECK_FALSE(gateway.neighbours.has_claimed());
    gateway.neighbours.announce_by(answering(), gateway.now);
    CHECK(gateway.neighbours.has_claimed());
    gateway.pass(Duration{100});
    CHECK(claims_of(gateway) == 2);  // each of its own addresses once
}

TEST_CASE("claim: of more interfaces than a ring has room for, each is probed three times",
          "[control][arp][rfc5227]") {
    constexpr unsigned kInterfaces = 1500;
    std::vector<link::Interface> many(kInterfaces);
    for (unsigned i = 0; i < kInterfaces; ++i) {
        many[i].port = i < 750 ? 0 : 1;
        many[i].vlan = static_cast<link::VlanId>(i % 750 + 1);
        many[i].realm = i == kOutside ? link::Realm::Outside : link::Realm::Inside;
        many[i].mac = kInsideMac;
        many[i].own = {{Be32::from_host(0x0a000001 + 256 * i), 24}};
    }
    Claiming gateway(std::move(link::Interfaces::create(std::move(many))).value(), 1024);
    std::map<Be32, unsigned> probes;
    for (int i = 0; i < 135; ++i) {
        gateway.pass(Duration{50});
        for (const Sent& sent : gateway.sent()) {
            const auto arp = sent.arp();
            REQUIRE(arp);
            probes[arp->target] += arp->sender == Be32{};
        }
    }
    CHECK(probes.size() == kInterfaces);
    for (const auto& [address, times] : probes)
        CHECK(times == control::kProbes);
    CHECK_FALSE(gateway.neighbours.has_claimed());
    gateway.pass(Duration::seconds(5));
    CHECK(gateway.neighbours.has_claimed());
}

}  // namespace claim_test
