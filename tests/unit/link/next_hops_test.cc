// SPDX-License-Identifier: BSD-3-Clause
#include "link/next_hops.h"

#include "catch.h"

#include <atomic>
#include <map>
#include <random>
#include <thread>
#include <vector>

namespace next_hops_test {

using namespace sluice;
using namespace sluice::link;

namespace {

constexpr Be32 address(uint32_t number) {
    return Be32::from_host(0x0a000000 + number);
}

constexpr InterfaceId kInside = 0;
constexpr InterfaceId kOutside = 254;

constexpr net::MacAddress kMac{0x02, 0x00, 0x5e, 0x10, 0xfe, 0xff};

std::unique_ptr<NextHops> hops(uint32_t capacity) {
    auto made = NextHops::create(capacity, 1);
    REQUIRE(made.ok());
    return std::move(made).value();
}

/// Removes, with nobody who could be reading.
void remove_for_good(NextHops& table, HopIndex index) {
    Grace nobody(1);
    table.remove(index);
    table.reuse(nobody);
    table.reuse(nobody);
}

/// A worker that may be holding an index.
constexpr unsigned kWorker = 0;

}  // namespace

TEST_CASE("next hops: a capacity out of range is refused", "[link]") {
    CHECK_FALSE(NextHops::create(0, 1).ok());
    CHECK_FALSE(NextHops::create(65536, 1).ok());
    CHECK(NextHops::create(65535, 1).ok());
}

TEST_CASE("next hops: one address on two interfaces is two hops", "[link]") {
    const auto table = hops(4);
    const HopIndex inside = table->add(kInside, address(1));
    const HopIndex outside = table->add(kOutside, address(1));
    REQUIRE(inside != kNoHop);
    REQUIRE(outside != kNoHop);
    CHECK(inside != outside);
    CHECK(table->find(kInside, address(1)) == inside);
    CHECK(table->find(kOutside, address(1)) == outside);
    CHECK(table->read(inside).interface() == kInside);
    CHECK(table->read(outside).interface() == kOutside);
    CHECK(table->address(outside) == address(1));
    CHECK(table->find(kInside, address(2)) == kNoHop);
    CHECK(table->add(kInside, address(1)) == inside);
}

TEST_CASE("next hops: the word follows resolving, failing and retrying", "[link]") {
    const auto table = hops(4);
    const HopIndex hop = table->add(kOutside, address(1));
    CHECK_FALSE(table->read(hop).is_resolved());
    CHECK_FALSE(table->read(hop).has_failed());

    table->resolve(hop, kMac);
    CHECK(table->read(hop).is_resolved());
    CHECK(table->read(hop).mac() == kMac);

    table->fail(hop);
    CHECK(table->read(hop).has_failed());
    CHECK_FALSE(table->read(hop).is_resolved());
    CHECK(table->read(hop).interface() == kOutside);

    table->retry(hop);
    CHECK_FALSE(table->read(hop).has_failed());
    CHECK_FALSE(table->read(hop).is_resolved());
}

TEST_CASE("next hops: the used mark outlives every change until it is taken", "[link]") {
    const auto table = hops(4);
    const HopIndex hop = table->add(kInside, address(1));
    CHECK_FALSE(table->take_used(hop));
    table->mark_used(hop);
    table->resolve(hop, kMac);
    table->fail(hop);
    table->retry(hop);
    CHECK(table->read(hop).is_used());
    CHECK(table->take_used(hop));
    CHECK_FALSE(table->take_used(hop));
    CHECK_FALSE(table->read(hop).is_used());
}

TEST_CASE("next hops: all indexes are handed out, and no more", "[link]") {
    const auto table = hops(65535);
    for (uint32_t i = 0; i < 65535; ++i)
        REQUIRE(table->add(kInside, address(i)) != kNoHop);
    CHECK(table->add(kInside, address(65535)) == kNoHop);
    CHECK(table->add(kInside, address(65534)) != kNoHop);
    unsigned wrong = 0;
    for (uint32_t i = 0; i < 65535; ++i)
        wrong += table->address(table->find(kInside, address(i))) != address(i);
    CHECK(wrong == 0);
}

TEST_CASE("next hops: a removed hop is gone and the generation says so", "[link]") {
    const auto table = hops(4);
    const HopIndex hop = table->add(kOutside, address(1));
    table->resolve(hop, kMac);
    const uint32_t before = table->generation();
    table->remove(hop);
    CHECK(table->generation() != before);
    CHECK(table->find(kOutside, address(1)) == kNoHop);
    CHECK_FALSE(table->read(hop).is_resolved());
}

TEST_CASE("next hops: an index is reused only after its grace period", "[link]") {
    const auto table = hops(1);
    Grace grace(1);
    grace.join(kWorker);
    const HopIndex hop = table->add(kInside, address(1));
    table->remove(hop);
    CHECK(table->add(kInside, address(2)) == kNoHop);
    for (int turn = 0; turn < 3; ++turn)
        table->reuse(grace);
    CHECK(table->add(kInside, address(2)) == kNoHop);
    grace.quiescent(kWorker);
    table->reuse(grace);
    CHECK(table->add(kInside, address(2)) == hop);
}

TEST_CASE("next hops: what is removed during a grace period waits for the next", "[link]") {
    const auto table = hops(2);
    const HopIndex first = table->add(kInside, address(1));
    const HopIndex second = table->add(kInside, address(2));
    Grace grace(1);
    grace.join(kWorker);
    table->remove(first);
    table->reuse(grace);
    table->remove(second);
    grace.quiescent(kWorker);
    table->reuse(grace);
    CHECK(table->add(kInside, address(3)) == first);
    CHECK(table->add(kInside, address(4)) == kNoHop);
    table->reuse(grace);
    CHECK(table->add(kInside, address(4)) == kNoHop);
    grace.quiescent(kWorker);
    table->reuse(grace);
    CHECK(table->add(kInside, address(4)) == second);
}

TEST_CASE("next hops: agree with a map through random adds and removals", "[link]") {
    const auto table = hops(200);
    std::map<std::pair<InterfaceId, uint32_t>, HopIndex> oracle;
    std::mt19937 random(7);
    for (unsigned step = 0; step < 20'000; ++step) {
        const InterfaceId interface = random() % 2 ? kInside : kOutside;
        const uint32_t number = random() % 150;
        const auto known = oracle.find({interface, number});
        if (random() % 2 == 0 && known != oracle.end()) {
            remove_for_good(*table, known->second);
            oracle.erase(known);
        } else if (const HopIndex hop = table->add(interface, address(number)); hop != kNoHop) {
            oracle[{interface, number}] = hop;
        }
        const HopIndex found = table->find(interface, address(number));
        const auto expected = oracle.find({interface, number});
        REQUIRE(found == (expected == oracle.end() ? kNoHop : expected->second));
    }
    for (const auto& [key, hop] : oracle)
        CHECK(table->find(key.first, address(key.second)) == hop);
}

TEST_CASE("next hops: readers meanwhile find the right hop or none", "[link]") {
    const auto table = hops(32);
    std::atomic<bool> stop{false};
    std::atomic<unsigned> wrong{0};
    // Hop n has n in its MAC, so a reader sees at once when an index is not the address's.
    Grace grace(1);
    grace.join(kWorker);
    std::thread reader([&] {
        std::mt19937 random(1);
        while (!stop.load()) {
            const uint32_t number = random() % 32;
            if (const HopIndex hop = table->find(kInside, address(number)); hop != kNoHop) {
                table->mark_used(hop);
                const Hop seen = table->read(hop);
                wrong +=
                    seen.interface() != kInside || (seen.is_resolved() && seen.mac()[5] != number);
            }
            grace.quiescent(kWorker);
        }
        grace.leave(kWorker);
    });
    std::mt19937 random(2);
    unsigned reused = 0;
    for (unsigned round = 0; round < 4'000; ++round) {
        const auto number = static_cast<uint8_t>(random() % 32);
        const HopIndex known = table->find(kInside, address(number));
        if (known != kNoHop) {
            table->remove(known);
        } else if (const HopIndex hop = table->add(kInside, address(number)); hop != kNoHop) {
            table->resolve(hop, {2, 0, 0, 0, 0, number});
        } else {
            while (table->add(kInside, address(number)) == kNoHop) {
                table->reuse(grace);
                std::this_thread::yield();
            }
            ++reused;
        }
    }
    stop = true;
    reader.join();
    CHECK(wrong == 0);
    CHECK(reused > 10);
}

}  // namespace next_hops_test
