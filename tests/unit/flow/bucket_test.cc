// SPDX-License-Identifier: BSD-3-Clause
#include "flow/bucket.h"

#include "catch.h"

#include <cstdint>
#include <random>

namespace bucket_test {

namespace {

using sluice::flow::Bucket;
using sluice::flow::kSlots;
using sluice::flow::MetaWord;
using sluice::flow::SlotWord;
using sluice::net::Direction;

/// Of few tags, 0 among them, so that several slots have the same; and some are empty.
void fill(Bucket& bucket, std::mt19937& random) {
    bucket.meta.store(MetaWord{uint64_t{random() % 3} << 32 | random() % 2});
    for (auto& slot : bucket.slot)
        slot.store(random() % 3 == 0
                       ? SlotWord{}
                       : SlotWord::pending(random() % 3, random() % 2, Direction::Original));
}

TEST_CASE("bucket: the slots of a tag, and the empty ones, are those that one by one are",
          "[flow]") {
    std::mt19937 random(1);
    Bucket bucket{};
    for (unsigned round = 0; round < 10000; ++round) {
        fill(bucket, random);
        unsigned empty = 0;
        for (unsigned i = 0; i < kSlots; ++i)
            empty |= unsigned{!bucket.slot[i].load()} << i;
        REQUIRE(bucket.empty_slots() == empty);
        for (uint32_t tag = 0; tag < 3; ++tag) {
            unsigned same = 0;
            for (unsigned i = 0; i < kSlots; ++i)
                same |= unsigned{bucket.slot[i].load().tag() == tag} << i;
            REQUIRE(bucket.slots_of(tag) == same);
        }
    }
}

TEST_CASE("bucket: all bits of a tag count", "[flow]") {
    for (unsigned bit = 0; bit < 32; ++bit) {
        Bucket bucket{};
        const uint32_t tag = uint32_t{1} << bit;
        bucket.slot[bit % kSlots].store(SlotWord::pending(tag, 1, Direction::Reply));
        REQUIRE(bucket.slots_of(tag) == 1U << bit % kSlots);
        REQUIRE(bucket.slots_of(~tag) == 0);
    }
}

}  // namespace

}  // namespace bucket_test
