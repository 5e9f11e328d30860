// SPDX-License-Identifier: BSD-3-Clause
#include "flow/probe.h"

#include "catch.h"

#include <random>
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

void run(const Probe& probe, const Shelf& shelf, Probes& probes, unsigned count) {
    probe.prepare(shelf.index, probes, 0, count);
    probe.scan(shelf.index, probes, count);
}

}  // namespace

TEST_CASE("probe: every kind for this CPU finds what the plain one finds", "[flow][probe]") {
    const auto probes = supported_probes();
    Shelf shelf(380);
    uint64_t found = 0;
    uint64_t elsewhere = 0;
    for (unsigned count = 1; count <= 64; ++count) {
        Probes plain;
        plain.hash.fill(0);
        for (unsigned i = 0; i < count; ++i)
            plain.hash[i] =
                i % 3 == 0 ? shelf.random() : shelf.keys[shelf.random() % shelf.keys.size()];
        const auto hashes = plain.hash;
        run(probes.front(), shelf, plain, count);
        CHECK(plain.uncertain == 0);
        found |= plain.found;
        elsewhere |= plain.elsewhere;
        for (const Probe& probe : probes.subspan(1)) {
            Probes other;
            other.hash = hashes;
            run(probe, shelf, other, count);
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

}  // namespace probe_test
