// SPDX-License-Identifier: BSD-3-Clause
#include "fragment/partitions.h"

#include "catch.h"

#include <map>

namespace partitions_test {

using namespace sluice;
using namespace sluice::fragment;
using net::Protocol;
using stats::Drop;

namespace {

constexpr uint32_t kPacket = 2176;
constexpr Piece kFirst{0, 800, true};
constexpr Piece kSecond{800, 800, true};
constexpr Piece kLast{800, 100, false};

struct Bench : Discards {
    explicit Bench(const Limits& limits = {}) : table(limits, *this) {}

    void discard(rte_mbuf*, Drop reason) override { ++discarded[reason]; }

    Arrival arrive(uint32_t sender, uint16_t id, const Piece& piece,
                   Protocol protocol = Protocol::Udp) {
        Fragment fragment;
        fragment.key.source.raw = sender;
        fragment.key.source_port.raw = id;
        fragment.key.protocol = protocol;
        fragment.hash = id;
        fragment.piece = piece;
        fragment.packet = reinterpret_cast<rte_mbuf*>(uintptr_t{id} + 1);  // nobody looks into it
        fragment.memory = kPacket;
        fragment.sender = sender;
        return table.arrive(fragment, now);
    }
    void begin(uint32_t sender, uint16_t id, Protocol protocol = Protocol::Udp) {
        const Arrival first = arrive(sender, id, kFirst, protocol);
        REQUIRE(first.fate == Fate::Leads);
        table.open(first.datagram, {}, now);
    }

    Tick now{0xffff'f000};  // the clock runs over soon
    std::map<Drop, unsigned> discarded;
    Partitions table;
};

}  // namespace

TEST_CASE("partitions: there are as many as the limits have room for", "[fragment]") {
    CHECK(Bench().table.count() == 8);
    CHECK(Bench({.datagrams = 64}).table.count() == 1);
    CHECK(Bench({.datagrams = 127}).table.count() == 1);
    CHECK(Bench({.datagrams = 128}).table.count() == 2);
    CHECK(Bench({.bytes = 64 * kPacket}).table.count() == 1);
    CHECK(Bench({.bytes = 0}).table.count() == kMostPartitions);
    CHECK(Bench({.datagrams = 1U << 20, .bytes = 1U << 30}).table.count() == kMostPartitions);
}

TEST_CASE("partitions: what a sender begins takes no place from those of another partition",
          "[fragment][saddns]") {
    Bench bench;
    bench.begin(1, 7);
    bench.begin(0, 8, Protocol::Icmp);
    for (uint16_t id = 100; id < 5100; ++id)
        bench.begin(2, id);
    CHECK(bench.table.evicted() == 5000 - 512);
    CHECK(bench.arrive(2, 100, kSecond).fate == Fate::Kept);  // one that has given way
    CHECK(bench.arrive(2, 5099, kSecond).fate == Fate::Follows);
    CHECK(bench.arrive(1, 7, kSecond).fate == Fate::Follows);
    CHECK(bench.arrive(0, 8, kSecond, Protocol::Icmp).fate == Fate::Follows);
}

TEST_CASE("partitions: nor does what he pings in pieces, whoever he is", "[fragment][saddns]") {
    Bench bench;
    for (uint32_t sender = 0; sender < 100; ++sender)
        bench.begin(sender, 7);
    for (uint32_t i = 0; i < 5000; ++i)
        bench.begin(i, static_cast<uint16_t>(100 + i), Protocol::Icmp);
    for (uint32_t sender = 0; sender < 100; ++sender)
        CHECK(bench.arrive(sender, 7, kSecond).fate == Fate::Follows);
}

TEST_CASE("partitions: what waits in one takes no memory from another", "[fragment]") {
    Bench bench;
    REQUIRE(bench.arrive(1, 7, kSecond).fate == Fate::Kept);
    for (uint16_t id = 100; id < 1100; ++id)
        REQUIRE(bench.arrive(2, id, kSecond).fate == Fate::Kept);
    CHECK(bench.table.kept() <= (4U << 20) / kPacket);
    CHECK(bench.discarded[Drop::FragmentBudget] == 1001 - bench.table.kept());
    const Arrival first = bench.arrive(1, 7, kFirst);
    REQUIRE(first.fate == Fate::Leads);
    bench.table.open(first.datagram, {}, bench.now);
    CHECK(bench.table.take_kept(first.datagram) != nullptr);
}

TEST_CASE("partitions: a datagram that has passed, is too old, or is cleared is known no longer",
          "[fragment]") {
    Bench bench;
    for (const uint32_t sender : {1, 2}) {
        bench.begin(sender, 7);
        const Arrival last = bench.arrive(sender, 7, kLast);
        REQUIRE(last.fate == Fate::Follows);
        bench.table.passed(last.datagram);
    }
    CHECK_FALSE(bench.table.is_empty());  // nobody has looked yet
    bench.table.expire(bench.now);
    CHECK(bench.table.is_empty());

    bench.table.set_timeout(Duration::seconds(5));
    for (const uint32_t sender : {1, 2})
        REQUIRE(bench.arrive(sender, 9, kSecond).fate == Fate::Kept);
    bench.table.expire(bench.now + Duration::seconds(4));
    CHECK(bench.table.kept() == 2);
    bench.table.expire(bench.now + Duration::seconds(5));
    CHECK(bench.table.is_empty());
    CHECK(bench.discarded[Drop::FragmentTimeout] == 2);

    REQUIRE(bench.arrive(1, 9, kSecond).fate == Fate::Kept);
    bench.table.clear(Drop::Shutdown);
    CHECK(bench.table.is_empty());
    CHECK(bench.discarded[Drop::Shutdown] == 1);
}

}  // namespace partitions_test
