// SPDX-License-Identifier: BSD-3-Clause
#include "fragment/datagrams.h"

#include "catch.h"

#include <map>
#include <vector>

namespace datagrams_test {

using namespace sluice;
using namespace sluice::fragment;
using stats::Drop;

namespace {

constexpr Tick kStart{1000};
constexpr uint32_t kPacket = kLeastPacketBytes;

/// Packets are numbers here: nobody looks into them.
rte_mbuf* packet(uintptr_t number) {
    return reinterpret_cast<rte_mbuf*>(number);
}

struct Bench : Discards {
    explicit Bench(const Limits& limits = {}) : table(limits, *this) {}

    void discard(rte_mbuf* packet, Drop reason) override { discarded[packet] = reason; }

    Arrival arrive(uint16_t id, const Piece& piece, uintptr_t number, bool needs_total = false) {
        Fragment fragment;
        fragment.key.source_port = Be16::from_host(id);
        fragment.hash = id % 7u;  // they collide
        fragment.piece = piece;
        fragment.needs_total = needs_total;
        fragment.packet = packet(number);
        fragment.memory = kPacket;
        return table.arrive(fragment, now);
    }

    std::vector<rte_mbuf*> take_all(Index datagram) {
        std::vector<rte_mbuf*> all;
        while (rte_mbuf* taken = table.take_kept(datagram))
            all.push_back(taken);
        table.passed(datagram);
        return all;
    }

    Tick now = kStart;
    std::map<rte_mbuf*, Drop> discarded;
    Datagrams table;
};

constexpr Piece kFirst{0, 800, true};
constexpr Piece kSecond{800, 800, true};
constexpr Piece kThird{1600, 100, false};

}  // namespace

TEST_CASE("datagrams: in order, the first leads and the others follow", "[fragment]") {
    Bench bench;
    const Arrival first = bench.arrive(1, kFirst, 10);
    REQUIRE(first.fate == Fate::Leads);
    CHECK(first.packet == packet(10));
    CHECK_FALSE(first.total);
    bench.table.open(first.datagram, {.path = {.hop = 7}}, bench.now);
    CHECK(bench.take_all(first.datagram).empty());

    const Arrival second = bench.arrive(1, kSecond, 11);
    REQUIRE(second.fate == Fate::Follows);
    CHECK(bench.table.way(second.datagram).path.hop == 7);
    bench.table.passed(second.datagram);
    CHECK(bench.table.size() == 1);

    const Arrival third = bench.arrive(1, kThird, 12);
    REQUIRE(third.fate == Fate::Follows);
    bench.table.passed(third.datagram);
    CHECK(bench.table.size() == 0);
    CHECK(bench.table.kept() == 0);
}

TEST_CASE("datagrams: what comes early is kept, and released in order", "[fragment]") {
    Bench bench;
    CHECK(bench.arrive(1, kThird, 12).fate == Fate::Kept);
    CHECK(bench.arrive(1, kSecond, 11).fate == Fate::Kept);
    CHECK(bench.table.kept() == 2);
    const Arrival first = bench.arrive(1, kFirst, 10);
    REQUIRE(first.fate == Fate::Leads);
    CHECK(first.total == 1700);
    bench.table.open(first.datagram, {}, bench.now);
    CHECK(bench.take_all(first.datagram) == std::vector{packet(11), packet(12)});
    CHECK(bench.table.size() == 0);
    CHECK(bench.table.kept() == 0);
}

TEST_CASE("datagrams: while the first is under way, the others wait for what becomes of it",
          "[fragment]") {
    Bench bench;
    const Arrival first = bench.arrive(1, kFirst, 10);
    REQUIRE(first.fate == Fate::Leads);
    CHECK(bench.arrive(1, kSecond, 11).fate == Fate::Kept);

    SECTION("it goes to another worker") {
        bench.table.hand_to(first.datagram, 3, bench.now);
        CHECK(bench.take_all(first.datagram) == std::vector{packet(11)});
        const Arrival third = bench.arrive(1, kThird, 12);
        REQUIRE(third.fate == Fate::Follows);
        CHECK(bench.table.worker(third.datagram) == 3);
    }
    SECTION("it is refused") {
        bench.table.refuse(first.datagram, Drop::FragmentRefused, bench.now);
        CHECK(bench.discarded == std::map<rte_mbuf*, Drop>{{packet(11), Drop::FragmentRefused}});
        const Arrival third = bench.arrive(1, kThird, 12);
        CHECK(third.fate == Fate::Dropped);
        CHECK(third.reason == Drop::FragmentRefused);
    }
    SECTION("an overlap spoils the datagram meanwhile") {
        CHECK(bench.arrive(1, {808, 8, true}, 13).reason == Drop::FragmentOverlap);
        CHECK(bench.discarded == std::map<rte_mbuf*, Drop>{{packet(11), Drop::FragmentOverlap}});
        bench.table.open(first.datagram, {}, bench.now);
        CHECK(bench.arrive(1, kThird, 12).reason == Drop::FragmentOverlap);
    }
    CHECK(bench.table.kept() == 0);
}

TEST_CASE("datagrams: an overlap ends all of it, an exact duplicate does not", "[fragment]") {
    Bench bench;
    REQUIRE(bench.arrive(1, kSecond, 11).fate == Fate::Kept);
    const Arrival again = bench.arrive(1, kSecond, 21);
    CHECK(again.fate == Fate::Dropped);
    CHECK(again.reason == Drop::FragmentDuplicate);
    CHECK(bench.table.kept() == 1);

    SECTION("a duplicate of what is under way goes the same way") {
        const Arrival first = bench.arrive(1, kFirst, 10);
        bench.table.open(first.datagram, {}, bench.now);
        CHECK(bench.take_all(first.datagram).size() == 1);
        const Arrival second = bench.arrive(1, kSecond, 31);
        CHECK(second.fate == Fate::Follows);
        CHECK(second.reason == Drop::FragmentDuplicate);
        const Arrival third = bench.arrive(1, kThird, 32);
        CHECK(third.fate == Fate::Follows);
        CHECK(third.reason != Drop::FragmentDuplicate);
        CHECK(bench.arrive(1, kFirst, 30).fate == Fate::Leads);
    }
    SECTION("an overlap") {
        const Arrival overlap = bench.arrive(1, {792, 16, true}, 12);
        CHECK(overlap.fate == Fate::Dropped);
        CHECK(overlap.reason == Drop::FragmentOverlap);
        CHECK(bench.discarded == std::map<rte_mbuf*, Drop>{{packet(11), Drop::FragmentOverlap}});
        CHECK(bench.arrive(1, kFirst, 10).reason == Drop::FragmentOverlap);
        CHECK(bench.arrive(1, kThird, 13).reason == Drop::FragmentOverlap);
    }
}

TEST_CASE("datagrams: who needs the datagram's length leads when it is known", "[fragment]") {
    Bench bench;
    SECTION("the last comes last") {
        CHECK(bench.arrive(1, kFirst, 10, true).fate == Fate::Kept);
        CHECK(bench.arrive(1, kSecond, 11, true).fate == Fate::Kept);
        const Arrival lead = bench.arrive(1, kThird, 12, true);
        REQUIRE(lead.fate == Fate::Leads);
        CHECK(lead.packet == packet(10));
        CHECK(lead.total == 1700);
        bench.table.open(lead.datagram, {}, bench.now);
        CHECK(bench.take_all(lead.datagram) == std::vector{packet(11), packet(12)});
    }
    SECTION("the last comes first") {
        CHECK(bench.arrive(1, kThird, 12, true).fate == Fate::Kept);
        const Arrival lead = bench.arrive(1, kFirst, 10, true);
        REQUIRE(lead.fate == Fate::Leads);
        CHECK(lead.packet == packet(10));
        CHECK(lead.total == 1700);
    }
}

TEST_CASE("datagrams: what waits too long is dropped", "[fragment][rfc791]") {
    Bench bench;
    bench.arrive(1, kSecond, 11);
    bench.now = bench.now + Duration::seconds(10);
    bench.arrive(2, kSecond, 21);
    bench.now = bench.now + Duration::seconds(20);
    bench.table.expire(bench.now);
    CHECK(bench.discarded == std::map<rte_mbuf*, Drop>{{packet(11), Drop::FragmentTimeout}});
    CHECK(bench.table.size() == 1);
    bench.now = bench.now + Duration::seconds(10);
    bench.table.expire(bench.now);
    CHECK(bench.discarded.size() == 2);
    CHECK(bench.table.size() == 0);
}

TEST_CASE("datagrams: a new one takes the place of the one that leads least far", "[fragment]") {
    Bench bench({.datagrams = kLeastDatagrams});
    const auto open = [&](uint16_t id) {
        const Arrival first = bench.arrive(id, kFirst, id);
        REQUIRE(first.fate == Fate::Leads);
        bench.table.open(first.datagram, {}, bench.now);
    };
    for (uint16_t id = 0; id < kLeastDatagrams - 2; ++id)
        open(id);
    bench.arrive(1000, kSecond, 1000);
    const Arrival refused = bench.arrive(1001, kFirst, 1001);
    bench.table.refuse(refused.datagram, Drop::FragmentRefused, bench.now);
    REQUIRE(bench.table.size() == kLeastDatagrams);

    open(2000);  // in place of the refused one
    CHECK(bench.discarded.empty());
    CHECK(bench.table.evicted() == 1);
    open(2001);  // in place of the one that waits
    CHECK(bench.discarded == std::map<rte_mbuf*, Drop>{{packet(1000), Drop::FragmentBudget}});
    open(2002);  // in place of the oldest
    CHECK(bench.arrive(0, kSecond, 1).fate == Fate::Kept);
    CHECK(bench.arrive(5, kSecond, 1).fate == Fate::Follows);
    CHECK(bench.table.size() == kLeastDatagrams);
}

TEST_CASE("datagrams: a flood that leads nowhere costs none that does its entry", "[fragment]") {
    Bench bench({.datagrams = kLeastDatagrams, .bytes = 16 * kPacket});
    const Arrival first = bench.arrive(1, kFirst, 1);
    bench.table.open(first.datagram, {}, bench.now);
    for (uint16_t id = 100; id < 5000; ++id) {
        const Arrival flood = bench.arrive(id, id % 2 == 0 ? kSecond : kFirst, id);
        if (flood.fate == Fate::Leads)
            bench.table.refuse(flood.datagram, Drop::FragmentRefused, bench.now);
        REQUIRE(bench.table.size() <= kLeastDatagrams);
        REQUIRE(bench.table.kept() <= 16);
    }
    CHECK(bench.arrive(1, kSecond, 2).fate == Fate::Follows);
}

TEST_CASE("datagrams: of bytes there is a budget, and the oldest that waits gives way",
          "[fragment]") {
    Bench bench({.bytes = 3 * kPacket});
    bench.arrive(1, kSecond, 11);
    bench.arrive(2, kSecond, 21);
    bench.arrive(3, kSecond, 31);
    CHECK(bench.table.kept() == 3);
    CHECK(bench.arrive(2, kThird, 22).fate == Fate::Kept);
    CHECK(bench.discarded == std::map<rte_mbuf*, Drop>{{packet(11), Drop::FragmentBudget}});
    CHECK(bench.arrive(2, {2000, 8, true}, 23).reason == Drop::FragmentOverlap);

    SECTION("one datagram alone may use all of it, and no more") {
        Bench alone({.bytes = 2 * kPacket});
        alone.arrive(1, {8, 8, true}, 1);
        alone.arrive(1, {16, 8, true}, 2);
        CHECK(alone.arrive(1, {24, 8, true}, 3).reason == Drop::FragmentBudget);
        CHECK(alone.discarded.size() == 2);
        CHECK(alone.table.kept() == 0);
    }
    SECTION("without any, nothing waits") {
        Bench none({.bytes = 0});
        CHECK(none.arrive(1, kSecond, 1).reason == Drop::FragmentBudget);
        CHECK(none.arrive(2, kFirst, 2).fate == Fate::Leads);
    }
}

TEST_CASE("datagrams: at the end all that is kept is given back", "[fragment]") {
    Bench bench;
    for (uint16_t id = 0; id < 100; ++id)
        bench.arrive(id, kSecond, id + 1u);
    bench.table.clear(Drop::Shutdown);
    CHECK(bench.discarded.size() == 100);
    CHECK(bench.table.size() == 0);
    CHECK(bench.table.kept() == 0);
}

}  // namespace datagrams_test
