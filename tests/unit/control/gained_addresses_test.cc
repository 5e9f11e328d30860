// SPDX-License-Identifier: BSD-3-Clause
#include "control/gained_addresses.h"

#include "catch.h"
#include "gateway.h"

#include <chrono>
#include <map>

namespace gained_addresses_test {

using namespace sluice;
using namespace sluice::test;

namespace {

/// A gateway of a cluster that has .1 to .4 of the outside subnet.
struct Bench {
    explicit Bench(policy::Announcing announcing = answering())
        : own({.notice = {}, .announcing = std::move(announcing), .holdings = &holdings},
              gateway.interfaces, gateway.outbox, gateway.counters) {}

    void pass(Duration time) {
        for (const Tick end = now + time; end.is_after(now);) {
            now = now + Duration{1};
            own.turn(now);
        }
    }
    /// How often each address was announced since.
    std::map<Be32, unsigned> announced() {
        std::map<Be32, unsigned> times;
        for (const Sent& packet : gateway.sent())
            if (const auto arp = packet.arp(); arp && arp->sender == arp->target)
                ++times[arp->sender];
        return times;
    }
    void have_lease() {
        holdings.extend(std::chrono::steady_clock::now().time_since_epoch() +
                        std::chrono::hours(1));
    }
    bool answers(const char* address) {
        own.answer({net::Arp::Operation::Request, mac(0x77), ip("198.51.100.77"), {}, ip(address)},
                   kOutside, 0);
        return !gateway.sent().empty();
    }

    pool::Holdings holdings{
        {ip("198.51.100.1"), ip("198.51.100.2"), ip("198.51.100.3"), ip("198.51.100.4")}};
    Gateway gateway;
    control::OwnAddresses own;
    Tick now{0xffff'f000};
};

const Be32 kSecond = ip("198.51.100.2");
const Be32 kThird = ip("198.51.100.3");

}  // namespace

TEST_CASE("gained addresses: each is announced at once, and again after 2 s", "[control][arp]") {
    Bench bench;
    bench.have_lease();
    bench.pass(Duration{20});
    CHECK(bench.announced().empty());
    bench.holdings.hold(1, true);
    bench.pass(Duration{10});
    CHECK(bench.announced() == std::map<Be32, unsigned>{{kSecond, 1}});
    bench.holdings.hold(2, true);
    bench.pass(Duration{10});
    CHECK(bench.announced() == std::map<Be32, unsigned>{{kThird, 1}});
    bench.pass(Duration{2100});
    CHECK(bench.announced() == std::map<Be32, unsigned>{{kSecond, 1}, {kThird, 1}});
    bench.pass(Duration{5000});
    CHECK(bench.announced().empty());
}

TEST_CASE("gained addresses: what is lost again is not announced again", "[control][arp]") {
    Bench bench;
    bench.have_lease();
    bench.holdings.hold(1, true);
    bench.pass(Duration{10});
    CHECK(bench.announced().size() == 1);
    bench.holdings.hold(1, false);
    bench.pass(Duration{3000});
    CHECK(bench.announced().empty());
}

TEST_CASE("gained addresses: without a lease none is announced, and all are when it is back",
          "[control][arp]") {
    Bench bench;
    bench.holdings.hold(1, true);
    bench.pass(Duration{100});
    CHECK(bench.announced().empty());
    bench.have_lease();
    bench.pass(Duration{3000});
    CHECK(bench.announced() == std::map<Be32, unsigned>{{kSecond, 2}});
    bench.holdings.extend(std::chrono::nanoseconds::min());
    bench.pass(Duration{10});
    bench.have_lease();
    bench.pass(Duration{10});
    CHECK(bench.announced() == std::map<Be32, unsigned>{{kSecond, 1}});
}

TEST_CASE("gained addresses: an address is answered for while it is held", "[control][arp]") {
    Bench bench;
    bench.have_lease();
    bench.holdings.hold(1, true);
    CHECK(bench.answers("198.51.100.2"));
    CHECK_FALSE(bench.answers("198.51.100.3"));
    CHECK(bench.own.contain(kSecond, kOutside));
    CHECK_FALSE(bench.own.contain(kThird, kOutside));
    bench.holdings.hold(1, false);
    CHECK_FALSE(bench.answers("198.51.100.2"));
}

TEST_CASE("gained addresses: what another gateway has is not defended", "[control][arp]") {
    Bench bench;
    bench.have_lease();
    bench.holdings.hold(1, true);
    const auto claim = [](const char* address) {
        return net::Arp{net::Arp::Operation::Request, mac(0x77), ip(address), {}, ip(address)};
    };
    CHECK_FALSE(bench.own.is_conflict(claim("198.51.100.3"), kOutside, bench.now));
    CHECK(bench.gateway.count(Count::ArpConflicts) == 0);
    CHECK(bench.own.is_conflict(claim("198.51.100.2"), kOutside, bench.now));
    CHECK(bench.gateway.count(Count::ArpConflicts) == 1);
    bench.gateway.sent();
}

TEST_CASE("gained addresses: a round of announcements leaves out what others have",
          "[control][arp]") {
    Bench bench;
    bench.have_lease();
    bench.holdings.hold(1, true);
    bench.own.announce(bench.now);
    bench.pass(Duration{1000});
    const auto announced = bench.announced();
    CHECK(announced.count(kSecond) == 1);
    CHECK(announced.count(kThird) == 0);
    CHECK(announced.count(ip("10.1.0.1")) == 1);
}

TEST_CASE("gained addresses: many go in batches", "[control][arp]") {
    std::vector<Be32> many;
    for (uint32_t i = 0; i < 100; ++i)
        many.push_back(Be32::from_host(ip("198.51.100.100").host() + i));
    pool::Holdings holdings(many);
    Bench bench;
    control::Announcer announcer(bench.gateway.interfaces, bench.gateway.outbox, {});
    control::GainedAddresses gained(&holdings, bench.gateway.interfaces, announcer);
    holdings.extend(std::chrono::steady_clock::now().time_since_epoch() + std::chrono::hours(1));
    for (size_t i = 0; i < many.size(); ++i)
        holdings.hold(i, true);
    const policy::Announcing announcing = answering({{many.front(), many.back()}});
    gained.turn(announcing, bench.now);
    CHECK(bench.announced().size() == control::kHastyBatch);
    gained.turn(announcing, bench.now);
    CHECK(bench.announced().empty());
    for (int32_t i = 1; i <= 3; ++i)
        gained.turn(announcing, bench.now + Duration{i});
    CHECK(bench.announced().size() == many.size() - control::kHastyBatch);
}

}  // namespace gained_addresses_test
