// SPDX-License-Identifier: BSD-3-Clause
#include "flow/key_batch.h"

#include "catch.h"
#include "flows.h"

#include <array>
#include <cstdint>
#include <memory>
#include <numeric>
#include <vector>

namespace key_batch_test {

using namespace sluice;
using namespace sluice::flow;
using namespace sluice::flow::testing;
using net::Direction;

namespace {

constexpr uint32_t kCapacity = 20'000;

/// An index, and live records of which none is there.
class Ground {
public:
    explicit Ground(unsigned load = 85)
        : hash({1, 2, 3, 4}),
          records(kCapacity),
          buckets_(CuckooIndex::buckets_for(kCapacity, load)),
          index(buckets_, records.data()) {
        for (uint32_t i = 0; i < kCapacity; ++i) {
            fill(records[i], original(i), reply(i), kNow + kLong);
            records[i].life.store(LifeWord{}.with(Life::Live));
        }
    }

    bool has(const net::Tuple& tuple, uint32_t record, Direction direction) const {
        return index.scan(index.place(hash(tuple)), [&](const Slot&, SlotWord word) {
            return word.index() == record && word.direction() == direction &&
                   word.state() == SlotState::Live;
        });
    }
    uint64_t keys() const {
        return std::accumulate(
            buckets_.begin(), buckets_.end(), uint64_t{0}, [](uint64_t sum, const Bucket& bucket) {
                return sum + kSlots - static_cast<unsigned>(std::popcount(bucket.empty_slots()));
            });
    }
    uint64_t elsewhere() const {
        return std::accumulate(buckets_.begin(), buckets_.end(), uint64_t{0},
                               [](uint64_t sum, const Bucket& bucket) {
                                   return sum + bucket.meta.load().elsewhere();
                               });
    }

    TupleHash hash;
    std::vector<FlowRecord> records;

private:
    std::vector<Bucket> buckets_;

public:
    CuckooIndex index;
};

void add(KeyBatch& batch, const Ground& ground, uint32_t first, uint32_t last) {
    for (uint32_t i = first; i < last; ++i)
        REQUIRE(batch.add(i, ground.hash));
}

}  // namespace

TEST_CASE("key batch: what is put is found, of a full index too", "[flow]") {
    Ground ground(97);
    KeyBatch batch(ground.records, kCapacity / 2);
    KeyBatch::Moves moves{};
    for (const uint32_t first : {0U, kCapacity / 2}) {
        add(batch, ground, first, first + kCapacity / 2);
        REQUIRE(batch.size() == kCapacity / 2);
        REQUIRE(batch.record(5) == first + 5);
        REQUIRE(batch.put(ground.index, moves));
        batch.clear();
    }
    for (uint32_t i = 0; i < kCapacity; ++i) {
        REQUIRE(ground.has(original(i), i, Direction::Original));
        REQUIRE(ground.has(reply(i), i, Direction::Reply));
    }
    CHECK(ground.keys() == kCapacity * 2);
    CHECK(std::accumulate(moves.begin(), moves.end(), uint64_t{0}) == kCapacity * 2);
    CHECK(moves[1] > 0);
}

TEST_CASE("key batch: it takes as many records as it was made for", "[flow]") {
    Ground ground;
    KeyBatch batch(ground.records, 3);
    add(batch, ground, 0, 3);
    CHECK_FALSE(batch.add(3, ground.hash));
    batch.clear();
    CHECK(batch.size() == 0);
    CHECK(batch.add(3, ground.hash));
}

TEST_CASE("key batch: with a key twice in it none is there", "[flow]") {
    Ground ground;
    KeyBatch batch(ground.records, kCapacity);
    KeyBatch::Moves moves{};
    ground.records[9000].tuple[1] = reply(4711);
    add(batch, ground, 0, kCapacity);
    CHECK_FALSE(batch.put(ground.index, moves));
    CHECK(ground.keys() == 0);
    CHECK(ground.elsewhere() == 0);
}

TEST_CASE("key batch: a record with one key for both directions is not put", "[flow]") {
    Ground ground;
    KeyBatch batch(ground.records, 1);
    KeyBatch::Moves moves{};
    ground.records[7].tuple[1] = original(7);
    add(batch, ground, 7, 8);
    CHECK_FALSE(batch.put(ground.index, moves));
    CHECK(ground.keys() == 0);
}

TEST_CASE("key batch: with a key that is there already none of it is there", "[flow]") {
    Ground ground;
    KeyBatch batch(ground.records, kCapacity);
    KeyBatch::Moves moves{};
    add(batch, ground, 0, kCapacity / 2);
    REQUIRE(batch.put(ground.index, moves));
    batch.clear();
    ground.records[kCapacity - 1].tuple[0] = original(17);
    add(batch, ground, kCapacity / 2, kCapacity);
    CHECK_FALSE(batch.put(ground.index, moves));
    CHECK(ground.keys() == kCapacity);
    for (uint32_t i = 0; i < kCapacity / 2; ++i)
        REQUIRE(ground.has(reply(i), i, Direction::Reply));
}

TEST_CASE("key batch: without room for one none is there", "[flow]") {
    Ground ground(150);
    KeyBatch batch(ground.records, kCapacity);
    KeyBatch::Moves moves{};
    add(batch, ground, 0, kCapacity);
    CHECK_FALSE(batch.put(ground.index, moves));
    CHECK(ground.keys() == 0);
    CHECK(ground.elsewhere() == 0);
}

}  // namespace key_batch_test
