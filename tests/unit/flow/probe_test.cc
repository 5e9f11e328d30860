// SPDX-License-Identifier: BSD-3-Clause
#include "flow/probe.h"

#include "catch.h"

#include <algorithm>
#include <cstddef>
#include <new>
#include <random>
#include <sys/mman.h>
#include <vector>

namespace probe_test {

using namespace sluice;
using namespace sluice::flow;
using net::Direction;

namespace {

/// Buckets with words of all kinds for random keys; what they mean is all the same to a probe.
struct Shelf {
    std::vector<Bucket> buckets = std::vector<Bucket>(64);
    std::vector<FlowRecord> records = std::vector<FlowRecord>(64);
    CuckooIndex index{buckets, records.data()};
    std::mt19937_64 random{7};
    std::vector<uint64_t> keys;

    explicit Shelf(unsigned count) {
        for (unsigned i = 0; i < count; ++i) {
            keys.push_back(random());
            const Place place = index.place(keys.back());
            SlotWord word = SlotWord::pending(place.tag, i % 64, Direction::Reply);
            if (index.claim(place, word) == nullptr)
                keys.pop_back();
        }
        for (Bucket& bucket : buckets)
            for (Slot& slot : bucket.slot) {
                const SlotWord word = slot.load();
                if (word)
                    slot.store(word.as(static_cast<SlotState>(1 + random() % 3)));
            }
    }
};

/// By parts, as the table does.
void run(const Probe& probe, const CuckooIndex& index, Probes& probes, unsigned count) {
    for (unsigned at = 0; at < count; at += kProbesAtOnce)
        probe.prepare(index, probes, at, std::min(kProbesAtOnce, count - at));
    probe.scan(index, probes, count);
}

}  // namespace

TEST_CASE("probe: every kind for this CPU finds what the plain one finds", "[flow][probe]") {
    const auto probes = supported_probes();
    Shelf shelf(380);
    uint64_t found = 0;
    uint64_t elsewhere = 0;
    for (unsigned count = 1; count <= 64; ++count) {
        Probes plain;
        for (uint64_t& hash : plain.hash)  // beyond the burst too
            hash = shelf.random();
        for (unsigned i = 0; i < count; ++i)
            plain.hash[i] =
                i % 3 == 0 ? shelf.random() : shelf.keys[shelf.random() % shelf.keys.size()];
        const auto hashes = plain.hash;
        run(probes.front(), shelf.index, plain, count);
        CHECK(plain.uncertain == 0);
        found |= plain.found;
        elsewhere |= plain.elsewhere;
        for (const Probe& probe : probes.subspan(1)) {
            Probes other;
            other.hash = hashes;
            run(probe, shelf.index, other, count);
            REQUIRE(other.found == plain.found);
            REQUIRE(other.elsewhere == plain.elsewhere);
            REQUIRE(other.uncertain == 0);
            for (unsigned i = 0; i < count; ++i)
                if ((plain.found >> i & 1) != 0)
                    REQUIRE(other.word[i] == plain.word[i]);
        }
    }
    CHECK(found != 0);
    CHECK(elsewhere != 0);
}

TEST_CASE("probe: every kind finds what stands beyond the first 4 GiB of buckets",
          "[flow][probe]") {
    constexpr unsigned kKeys = 5;
    constexpr size_t kFirst = size_t{1} << 33;  // bytes before the page of the last two
    constexpr size_t kCount = kFirst / sizeof(Bucket) + 2;
    // Room for addresses alone, but for that page.
    void* const room = mmap(nullptr, kCount * sizeof(Bucket), PROT_NONE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    REQUIRE(room != MAP_FAILED);
    REQUIRE(mprotect(static_cast<std::byte*>(room) + kFirst, 2 * sizeof(Bucket),
                     PROT_READ | PROT_WRITE) == 0);
    const std::span<Bucket> buckets(static_cast<Bucket*>(room), kCount);
    std::vector<FlowRecord> records(kKeys);
    const CuckooIndex index(buckets, records.data());
    Bucket& last = *new (&buckets.back()) Bucket{};

    Probes keys;
    keys.hash.fill(0);
    for (unsigned i = 0; i < kKeys; ++i) {
        keys.hash[i] = ~uint64_t{0} << 32 | (i + 1);
        const Place place = index.place(keys.hash[i]);
        REQUIRE(place.primary == kCount - 1);
        if (i % 2 == 0)
            last.slot[i] = SlotWord::pending(place.tag, i, Direction::Reply).as(SlotState::Live);
    }
    for (const Probe& probe : supported_probes()) {
        Probes probes = keys;
        run(probe, index, probes, kKeys);
        CHECK(probes.found == 0b10101);
        CHECK(probes.elsewhere == 0);
        CHECK(probes.uncertain == 0);
        for (unsigned i = 0; i < kKeys; i += 2)
            CHECK(probes.word[i] == last.slot[i].load());
    }
    CHECK(munmap(room, kCount * sizeof(Bucket)) == 0);
}

}  // namespace probe_test
