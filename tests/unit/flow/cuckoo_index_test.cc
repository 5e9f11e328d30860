// SPDX-License-Identifier: BSD-3-Clause
#include "flow/cuckoo_index.h"

#include "catch.h"

#include <cstdint>
#include <random>
#include <vector>

namespace cuckoo_index_test {

using namespace sluice;
using namespace sluice::flow;
using net::Direction;

namespace {

struct Shelf {
    std::vector<Bucket> buckets = std::vector<Bucket>(16);
    std::vector<FlowRecord> records = std::vector<FlowRecord>(128);
    CuckooIndex index{buckets, records.data()};
    std::mt19937_64 random{11};

    /// Null where there is no room.
    Slot* claim(uint64_t hash, uint32_t record) {
        const Place place = index.place(hash);
        SlotWord word = SlotWord::pending(place.tag, record, Direction::Original);
        return index.claim(place, word);
    }
    bool is_shown(uint64_t hash) const {
        return index.scan(index.place(hash), [](Slot&, SlotWord) { return true; });
    }
    /// The bit of a slot that is in the primary bucket of this hash; 0 for one that is not.
    unsigned bit_of(uint64_t hash, const Slot* slot) const {
        for (unsigned i = 0; i < kSlots; ++i)
            if (slot == &index.primary(hash).slot[i])
                return 1U << i;
        return 0;
    }
};

}  // namespace

TEST_CASE("cuckoo index: what a scan is shown may be there", "[flow]") {
    Shelf shelf;
    std::vector<uint64_t> keys;
    unsigned elsewhere = 0;
    while (keys.size() < 90) {
        const uint64_t key = shelf.random();
        const Slot* const slot = shelf.claim(key, static_cast<uint32_t>(keys.size()));
        if (slot == nullptr)
            continue;
        keys.push_back(key);
        elsewhere += shelf.bit_of(key, slot) == 0 ? 1 : 0;
    }
    CHECK(elsewhere > 5);
    for (const uint64_t key : keys) {
        REQUIRE(shelf.is_shown(key));
        REQUIRE(shelf.index.may_have(key));
    }
    unsigned sure = 0;
    for (unsigned i = 0; i < 10'000; ++i) {
        const uint64_t key = shelf.random();
        REQUIRE_FALSE(shelf.is_shown(key));
        sure += shelf.index.may_have(key) ? 0 : 1;
    }
    CHECK(sure > 2000);  // the filters of so full buckets say little
}

TEST_CASE("cuckoo index: a claim is alone, until another has its tag", "[flow]") {
    Shelf shelf;
    const uint64_t key = shelf.random();
    CHECK_FALSE(shelf.index.may_have(key));
    const unsigned own = shelf.bit_of(key, shelf.claim(key, 1));
    REQUIRE(own != 0);
    CHECK(shelf.index.may_have(key));
    CHECK_FALSE(shelf.index.may_have(key, own));

    SECTION("in its primary bucket") {
        REQUIRE(shelf.bit_of(key, shelf.claim(key, 2)) != 0);
        CHECK(shelf.index.may_have(key, own));
    }
    SECTION("in the other one, where the primary bucket has become full") {
        for (unsigned i = 1; i < kSlots; ++i)
            REQUIRE(shelf.bit_of(key, shelf.claim(key + i, 2 + i)) != 0);
        CHECK_FALSE(shelf.index.may_have(key, own));
        REQUIRE(shelf.bit_of(key, shelf.claim(key, 2)) == 0);
        CHECK(shelf.index.may_have(key, own));
    }
}

}  // namespace cuckoo_index_test
