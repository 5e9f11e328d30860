// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// --cluster: a gateway uses those public addresses alone that it holds, and none without a lease.
/// The test plays etcd: it says what is held.

#include "catch.h"
#include "testbed.h"

#include <chrono>
#include <functional>
#include <set>
#include <string>

namespace cluster_test {

using namespace sluice;
using namespace sluice::test;
using net::Side;
using stats::Count;
using stats::Drop;

namespace {

constexpr auto kFirst = "198.51.100.10";
constexpr auto kSecond = "198.51.100.11";

/// A gateway of a cluster that shares two addresses, of which it holds the first.
struct Member {
    using Change = std::function<void(config::Config&)>;

    explicit Member(const Change& change = {})
        : holdings({ip(kFirst), ip(kSecond)}), bed(options(change)) {
        bed.advance(Duration{300});
    }

    TestbedOptions options(const Change& change) {
        have_lease();
        holdings.hold(0, true);
        holdings.leave_to_other(1, true);
        TestbedOptions options;
        options.holdings = &holdings;
        options.configure = [change](config::Config& config) {
            config.pool = {{ip(kFirst), ip(kSecond)}};
            if (change)
                change(config);
        };
        return options;
    }
    void have_lease() {
        holdings.extend(std::chrono::steady_clock::now().time_since_epoch() +
                        std::chrono::hours(1));
    }
    void lose_lease() { holdings.extend(std::chrono::nanoseconds::min()); }
    void gain(size_t index) {
        holdings.leave_to_other(index, false);
        holdings.hold(index, true);
        bed.advance(Duration{300});
    }
    /// The public address that a packet left by; empty where it did not leave.
    std::string send(uint16_t port, const char* host = kHost) {
        const auto out = bed.from_inside(Frame().ipv4(host, kServer).udp(port, 53));
        return out.size() == 1 ? out[0].source : "";
    }
    bool answers(const char* external, uint16_t port) {
        return bed.from_outside(Frame().ipv4(kServer, external).udp(53, port)).size() == 1;
    }

    pool::Holdings holdings;
    Testbed bed;
};

}  // namespace

TEST_CASE("cluster: new flows go by held addresses alone", "[cluster]") {
    Member member;
    for (int i = 0; i < 30; ++i)
        CHECK(member.send(5000, ("10.1.0." + std::to_string(20 + i)).c_str()) == kFirst);
    member.gain(1);
    std::set<std::string> used;
    for (int i = 0; i < 30; ++i)
        used.insert(member.send(6000, ("10.1.0." + std::to_string(20 + i)).c_str()));
    CHECK(used == std::set<std::string>{kFirst, kSecond});
}

TEST_CASE("cluster: without a lease nothing is forwarded, and flows go on when it is back",
          "[cluster]") {
    Member member;
    REQUIRE(member.send(5000) == kFirst);
    member.lose_lease();
    CHECK(member.send(5000).empty());
    CHECK(member.send(5001).empty());
    CHECK_FALSE(member.answers(kFirst, 5000));
    CHECK(member.bed.dropped(Drop::NoLease) == 3);
    member.have_lease();
    CHECK(member.answers(kFirst, 5000));
    CHECK(member.send(5000) == kFirst);
    CHECK(member.bed.count(Count::FlowsOpened) == 1);
}

TEST_CASE("cluster: a flow whose address is lost is stopped at once, either way", "[cluster]") {
    Member member;
    REQUIRE(member.send(5000) == kFirst);
    REQUIRE(member.answers(kFirst, 5000));
    const Bytes quote = Frame().ipv4(kFirst, kServer).udp(5000, 53).ip_bytes();
    REQUIRE(
        member.bed.from_outside(Frame().ipv4("192.0.2.9", kFirst).icmp_error(3, 1, quote)).size() ==
        1);
    member.holdings.hold(0, false);  // and it is nobody's
    CHECK(member.send(5000).empty());
    CHECK_FALSE(member.answers(kFirst, 5000));
    CHECK(
        member.bed.from_outside(Frame().ipv4("192.0.2.9", kFirst).icmp_error(3, 1, quote)).empty());
    CHECK(member.bed.dropped(Drop::NotHeld) == 3);
    CHECK(member.bed.flows() == 1);
    member.holdings.hold(0, true);
    CHECK(member.answers(kFirst, 5000));
}

TEST_CASE("cluster: where another has its address a flow ends, and the next packet opens another",
          "[cluster]") {
    Member member;
    member.gain(1);
    REQUIRE(member.send(5000) != "");
    const std::string before = member.send(5000);
    const size_t lost = before == kFirst ? 0 : 1;
    member.holdings.hold(lost, false);
    member.holdings.leave_to_other(lost, true);
    member.bed.advance(Duration{300});
    CHECK(member.bed.flows() == 0);
    CHECK(member.bed.count(Count::FlowsGivenUp) == 1);
    CHECK(member.send(5000) == (lost == 0 ? kSecond : kFirst));
}

TEST_CASE("cluster: where no address is held nothing opens", "[cluster]") {
    Member member;
    member.holdings.hold(0, false);
    CHECK(member.send(5000).empty());
    CHECK(member.bed.dropped(Drop::NotHeld) == 1);
    CHECK(member.bed.flows() == 0);
}

TEST_CASE("cluster: a forward is its address's", "[cluster]") {
    Member member([](config::Config& config) {
        for (const char* address : {kFirst, kSecond})
            config.forwards.push_back({net::Protocol::Udp,
                                       {ip(address), Be16::from_host(8053)},
                                       {ip(kHost), Be16::from_host(53)}});
    });
    CHECK(member.bed.from_outside(Frame().ipv4(kServer, kFirst).udp(4000, 8053)).size() == 1);
    CHECK(member.bed.from_outside(Frame().ipv4(kServer, kSecond).udp(4001, 8053)).empty());
    CHECK(member.bed.dropped(Drop::NotHeld) == 1);
}

TEST_CASE("cluster: the fast path is taken again when no flow goes by an address of others",
          "[cluster]") {
    Member member;
    const auto exchange = [&] {
        for (int i = 0; i < 4; ++i) {
            member.send(5000);
            member.answers(kFirst, 5000);
            member.bed.advance(Duration::seconds(1));
        }
        return member.bed.count(Count::FastPath);
    };
    const uint64_t settled = exchange();
    CHECK(settled > 0);
    member.holdings.leave_to_other(1, false);  // it is nobody's: for how long nobody knows
    CHECK(exchange() == settled);
    member.holdings.leave_to_other(1, true);
    member.bed.advance(Duration{300});
    CHECK(exchange() > settled);
}

TEST_CASE("cluster: a later fragment does not leave by an address that is lost", "[cluster]") {
    Member member;
    const auto pieces =
        fragments_of(Frame()
                         .ipv4(kHost, kServer)
                         .id(77)
                         .udp(5000, 53)
                         .payload(40)
                         .ether(mac_of(ip(kHost)), member.bed.port(Side::Inside).mac()),
                     24);
    REQUIRE(pieces.size() == 2);
    const auto put = [&](const Bytes& piece) {
        member.bed.inject(Side::Inside, piece);
        member.bed.run();
        return member.bed.take(Side::Outside).size();
    };
    REQUIRE(put(pieces[0]) == 1);
    member.holdings.hold(0, false);
    CHECK(put(pieces[1]) == 0);
    CHECK(member.bed.dropped(Drop::NotHeld) == 1);
}

}  // namespace cluster_test
