// SPDX-License-Identifier: BSD-3-Clause
#include "observe/packet_ring.h"

#include "catch.h"

#include <random>
#include <thread>

namespace packet_ring_test {

using namespace sluice;
using namespace sluice::observe;

namespace {

std::vector<const PacketEntry*> collect(PacketRing& ring, size_t most = SIZE_MAX) {
    std::vector<const PacketEntry*> entries;
    ring.collect(entries, most);
    return entries;
}

/// An entry that says its number everywhere.
bool write(PacketRing& ring, uint64_t number, uint32_t captured) {
    PacketEntry* const entry = ring.reserve(captured);
    if (entry == nullptr)
        return false;
    entry->time = static_cast<int64_t>(number);
    for (uint32_t i = 0; i < captured; ++i)
        entry->frame_bytes()[i] = static_cast<uint8_t>(number + i);
    return true;
}

bool is_whole(const PacketEntry& entry) {
    for (uint32_t i = 0; i < entry.captured; ++i)
        if (entry.frame()[i] != static_cast<uint8_t>(static_cast<uint64_t>(entry.time) + i))
            return false;
    return true;
}

}  // namespace

TEST_CASE("packet ring: what is reserved is seen when it is published", "[observe]") {
    PacketRing ring;
    PacketEntry* const entry = ring.reserve(60);
    REQUIRE(entry != nullptr);
    CHECK(collect(ring).empty());
    entry->outcome = Outcome::Dropped;
    ring.publish();
    const auto entries = collect(ring);
    REQUIRE(entries.size() == 1);
    CHECK(entries[0]->outcome == Outcome::Dropped);
    CHECK(entries[0]->captured == 60);
    CHECK(collect(ring).empty());
}

TEST_CASE("packet ring: what there is no room for is lost, and counted", "[observe]") {
    PacketRing ring;
    uint64_t written = 0;
    while (write(ring, written, 1000))
        ++written;
    CHECK(written * 1000 < PacketRing::kBytes);
    CHECK(ring.lost() == 1);
    ring.publish();
    CHECK(collect(ring).size() == written);
    CHECK_FALSE(write(ring, 0, 1000));  // the reader has not released them
    ring.release();
    CHECK(write(ring, 0, 1000));
    CHECK(ring.lost() == 2);
}

TEST_CASE("packet ring: entries of any size come whole and in order, round and round",
          "[observe]") {
    PacketRing ring;
    std::mt19937 random(1);
    uint64_t next = 0;
    for (uint64_t number = 0; number < 30'000; ++number) {
        REQUIRE(write(ring, number, random() % 3000));
        ring.publish();
        if (number % 7 != 0)
            continue;
        for (const PacketEntry* entry : collect(ring)) {
            REQUIRE(entry->time == static_cast<int64_t>(next++));
            REQUIRE(is_whole(*entry));
        }
        ring.release();
    }
}

TEST_CASE("packet ring: a reader beside the writer sees whole entries, each once", "[observe]") {
    PacketRing ring;
    constexpr uint64_t kEntries = 100'000;
    std::thread writer([&] {
        for (uint64_t number = 0; number < kEntries; ++number) {
            write(ring, number, number % 200);
            if (number % 5 == 4)
                ring.publish();
        }
    });
    uint64_t seen = 0;
    int64_t last = -1;
    bool is_good = true;
    while (seen + ring.lost() < kEntries) {
        for (const PacketEntry* entry : collect(ring, 100)) {
            is_good &= entry->time > last && is_whole(*entry);
            last = entry->time;
            ++seen;
        }
        ring.release();
    }
    writer.join();
    CHECK(is_good);
    CHECK(seen + ring.lost() == kEntries);
}

}  // namespace packet_ring_test
