// SPDX-License-Identifier: BSD-3-Clause
#include "control/claim.h"

#include "catch.h"
#include "gateway.h"

#include <algorithm>

using namespace sluice;
using namespace sluice::test;

namespace {

const Be32 kOwn = ip("198.51.100.1");

/// A gateway that probes before it claims.
struct Claiming : Gateway {
    Claiming()
        : Gateway(two_interfaces(), 2000, 2048, {{kOutside, ip("198.51.100.254")}}, {}, true) {
        neighbours.start(now);
    }

    /// ARP frames since the last call that claim an address: those that have a sender address.
    size_t claims() {
        const std::vector<Sent> all = sent();
        return static_cast<size_t>(std::count_if(
            all.begin(), all.end(), [](const Sent& one) { return one.arp()->sender != Be32{}; }));
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
