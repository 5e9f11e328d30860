// SPDX-License-Identifier: BSD-3-Clause
#include "control/uplink_watch.h"

#include "catch.h"
#include "fixed_policy.h"
#include "packet_builder.h"

#include <string>
#include <vector>

namespace uplink_watch_test {

using namespace sluice;
using namespace sluice::control;
using sluice::test::ip;
using sluice::test::mac;

namespace {

/// A port of which nobody wants more than its link.
struct Wire : io::Port {
    unsigned receive(uint16_t, std::span<rte_mbuf*>) override { return 0; }
    unsigned transmit(uint16_t, std::span<rte_mbuf*>) override { return 0; }
    uint16_t rx_queues() const override { return 1; }
    uint16_t tx_queues() const override { return 1; }
    io::MacAddress mac() const override { return {}; }
    uint16_t mtu() const override { return 1500; }
    bool verifies_checksums() const override { return false; }
};

constexpr auto kFirst = "198.51.100.254";
constexpr auto kSecond = "192.0.2.254";

struct Watched {
    Watched() {
        use(kSecond);
        for (const auto& [interface, address] : {std::pair{1, kFirst}, {2, kSecond}})
            hop(interface, address);
    }

    void use(const char* second) {
        const std::vector<link::Route> routes{{{}, 1, ip(kFirst)}};
        policy.policy.routes = link::Routes(
            routes,
            link::Uplinks({.uplinks = {{{1, ip(kFirst)}}, {{2, ip(second)}}}, .belongings = {}}));
    }
    link::HopIndex hop(int interface, const char* address) {
        return hops->add(static_cast<link::InterfaceId>(interface), ip(address));
    }

    test::FixedPolicy policy;
    std::unique_ptr<link::NextHops> hops = std::move(link::NextHops::create(16, 1)).value();
    std::array<Wire, 2> wires;
    link::LivingUplinks living;
    std::vector<std::string> log;
    UplinkWatch watch{{&living,
                       {&wires[0], &wires[1]},
                       {"wan", "wan2"},
                       [this](const std::string& sentence) { log.push_back(sentence); }},
                      policy.current,
                      *hops};
};

}  // namespace

TEST_CASE("uplink watch: one that has never answered is left when another answers",
          "[control][uplinks]") {
    Watched bed;
    CHECK_FALSE(bed.watch.turn());
    CHECK((bed.living.usable() & 0b11) == 0b11);
    bed.hops->resolve(bed.hop(1, kFirst), mac(1));
    CHECK(bed.watch.turn());
    CHECK(bed.living.usable() == 0b01);
    CHECK(bed.log.empty());  // it may yet answer
    bed.hops->resolve(bed.hop(2, kSecond), mac(2));
    CHECK_FALSE(bed.watch.turn());
    CHECK(bed.living.usable() == 0b11);
    CHECK(bed.log.empty());
}

TEST_CASE("uplink watch: a death and a return are told once each, and change the paths",
          "[control][uplinks]") {
    Watched bed;
    bed.hops->resolve(bed.hop(1, kFirst), mac(1));
    bed.hops->resolve(bed.hop(2, kSecond), mac(2));
    bed.watch.turn();
    const uint32_t generation = bed.hops->generation();

    bed.wires[1].set_link(false);
    CHECK(bed.watch.turn());
    CHECK_FALSE(bed.watch.turn());
    CHECK(bed.living.usable() == 0b01);
    CHECK(bed.hops->generation() != generation);
    CHECK(bed.log ==
          std::vector<std::string>{"uplink wan2 by 192.0.2.254 is dead: its port has no link"});
    bed.wires[1].set_link(true);
    CHECK_FALSE(bed.watch.turn());
    CHECK(bed.living.usable() == 0b11);
    CHECK(bed.log.back() == "uplink wan2 by 192.0.2.254 lives again");

    bed.hops->fail(bed.hop(2, kSecond));
    CHECK(bed.watch.turn());
    bed.hops->retry(bed.hop(2, kSecond));  // it is asked again, and dead until it answers
    CHECK_FALSE(bed.watch.turn());
    CHECK(bed.living.usable() == 0b01);
    CHECK(bed.log.size() == 3);
    CHECK(bed.log.back() == "uplink wan2 by 192.0.2.254 is dead: its gateway does not answer");
}

TEST_CASE("uplink watch: where all die all may be used", "[control][uplinks]") {
    Watched bed;
    bed.hops->resolve(bed.hop(1, kFirst), mac(1));
    bed.hops->resolve(bed.hop(2, kSecond), mac(2));
    bed.watch.turn();
    for (Wire& wire : bed.wires)
        wire.set_link(false);
    CHECK_FALSE(bed.watch.turn());
    CHECK(bed.living.usable() == 0b11);
    CHECK(bed.living.up() == 0);
}

TEST_CASE("uplink watch: a gateway that a reload has named is given the time to answer",
          "[control][uplinks]") {
    Watched bed;
    bed.hops->resolve(bed.hop(1, kFirst), mac(1));
    bed.hops->resolve(bed.hop(2, kSecond), mac(2));
    bed.watch.turn();
    bed.use("192.0.2.253");
    CHECK_FALSE(bed.watch.turn());
    CHECK(bed.living.usable() == 0b11);
    bed.hops->fail(bed.hop(2, "192.0.2.253"));
    CHECK(bed.watch.turn());
    CHECK(bed.living.usable() == 0b01);
}

}  // namespace uplink_watch_test
