// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// --cluster: hosts behind different gateways reach one another by their public addresses, and by
/// the outside. The test plays etcd, and what the other gateway sends and gets.

#include "catch.h"
#include "testbed.h"

#include <chrono>
#include <functional>

namespace between_gateways_test {

using namespace sluice;
using namespace sluice::test;
using net::Side;
using stats::Count;
using stats::Drop;

namespace {

constexpr auto kFirst = "198.51.100.10";
constexpr auto kSecond = "198.51.100.11";
constexpr auto kThird = "198.51.100.12";

/// A gateway of a cluster that shares three addresses, of which it holds the first.
struct Member {
    explicit Member(const std::function<void(config::Config&)>& change = {})
        : bed(options(change)) {
        bed.advance(Duration{300});
    }

    TestbedOptions options(const std::function<void(config::Config&)>& change) {
        holdings.extend(std::chrono::steady_clock::now().time_since_epoch() +
                        std::chrono::hours(1));
        holdings.hold(0, true);
        holdings.leave_to_other(1, true);
        holdings.leave_to_other(2, true);
        TestbedOptions options;
        options.holdings = &holdings;
        options.configure = [change](config::Config& config) {
            config.pool = {{ip(kFirst), ip(kThird)}};
            if (change)
                change(config);
        };
        return options;
    }

    pool::Holdings holdings{{ip(kFirst), ip(kSecond), ip(kThird)}};
    Testbed bed;
};

}  // namespace

TEST_CASE("between gateways: a host reaches one behind another gateway by the outside",
          "[cluster][hairpin]") {
    Member member;
    for (const bool is_settled : {true, false}) {
        INFO(is_settled);
        const uint16_t port = is_settled ? 5000 : 5001;
        const auto out =
            member.bed.from_inside(Frame().ipv4(kHost, kSecond).tcp(port, 8053, kSyn).seq(9));
        REQUIRE(out.size() == 1);
        CHECK(out[0].source == kFirst);
        CHECK(out[0].destination == kSecond);
        CHECK(out[0].destination_port == 8053);
        CHECK(out[0].checksums_ok());
        const auto back = member.bed.from_outside(
            Frame().ipv4(kSecond, kFirst).tcp(8053, port, kSyn | kAck).seq(99).ack(10));
        REQUIRE(back.size() == 1);
        CHECK(back[0].destination == kHost);
        CHECK(back[0].source == kSecond);
        CHECK(
            member.bed
                .from_inside(
                    Frame().ipv4(kHost, kSecond).tcp(port, 8053, kAck).seq(10).ack(100).payload(8))
                .size() == 1);
        CHECK(member.holdings.is_settled() == is_settled);
        member.holdings.leave_to_other(2, false);  // for as long as it is nobody's
    }
    CHECK(member.bed.flows() == 2);
    CHECK(member.bed.dropped(Drop::NotHeld) == 0);
    CHECK(member.bed.dropped(Drop::OutsideSpoof) == 0);
    member.holdings.leave_to_other(1, false);
    member.holdings.hold(1, true);
    member.bed.advance(Duration{300});
    CHECK(member.bed.flows() == 0);
}

TEST_CASE("between gateways: who serves is reached by a host behind another gateway",
          "[cluster][hairpin]") {
    Member member([](config::Config& config) {
        config.forwards.push_back({net::Protocol::Udp,
                                   {ip(kFirst), Be16::from_host(8053)},
                                   {ip("10.1.0.77"), Be16::from_host(53)}});
    });
    // Its host is not known by MAC yet, so the packet waits.
    const auto in = member.bed.from_outside(Frame().ipv4(kSecond, kFirst).udp(4000, 8053));
    REQUIRE(in.size() == 1);
    CHECK(in[0].destination == "10.1.0.77");
    CHECK(in[0].source == kSecond);
    const auto out = member.bed.from_inside(Frame().ipv4("10.1.0.77", kSecond).udp(53, 4000));
    REQUIRE(out.size() == 1);
    CHECK(out[0].source == kFirst);
    CHECK(out[0].destination == kSecond);
    const Bytes quote = Frame().ipv4(kFirst, kSecond).udp(8053, 4000).ip_bytes();
    CHECK(member.bed.from_outside(Frame().ipv4(kSecond, kFirst).icmp_error(3, 3, quote)).size() ==
          1);
    CHECK(member.bed.from_outside(Frame().ipv4(kFirst, kFirst).udp(4000, 8053)).empty());
    CHECK(member.bed.dropped(Drop::OutsideSpoof) == 1);
}

TEST_CASE("between gateways: fragments to a host behind another gateway go on, either way",
          "[cluster][hairpin]") {
    Member member;
    const auto put = [&](Side side, const Frame& whole) {
        size_t out = 0;
        for (const Bytes& piece : fragments_of(whole, 24)) {
            member.bed.inject(side, piece);
            member.bed.run();
            out += member.bed.take(opposite(side)).size();
        }
        return out;
    };
    const net::MacAddress inside = member.bed.port(Side::Inside).mac();
    const net::MacAddress outside = member.bed.port(Side::Outside).mac();
    CHECK(put(Side::Inside, Frame()
                                .ipv4(kHost, kSecond)
                                .id(7)
                                .udp(5000, 53)
                                .payload(40)
                                .ether(mac_of(ip(kHost)), inside)) == 2);
    CHECK(put(Side::Outside, Frame()
                                 .ipv4(kSecond, kFirst)
                                 .id(8)
                                 .udp(53, 5000)
                                 .payload(40)
                                 .ether(mac_of(ip(kSecond)), outside)) == 2);
    CHECK(member.bed.dropped(Drop::NotHeld) == 0);
}

TEST_CASE("between gateways: what is for an address that is nobody's does not go out",
          "[cluster][hairpin]") {
    Member member;
    member.holdings.leave_to_other(1, false);
    CHECK(member.bed.from_inside(Frame().ipv4(kHost, kSecond).udp(5000, 53)).empty());
    CHECK(member.bed.dropped(Drop::Hairpin) == 1);
    CHECK(member.bed.flows() == 0);
}

}  // namespace between_gateways_test
