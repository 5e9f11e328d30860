// SPDX-License-Identifier: BSD-3-Clause
#include "flow/cuckoo_index.h"

#include <algorithm>

namespace sluice::flow {

uint32_t CuckooIndex::buckets_for(uint32_t flows, unsigned load) {
    const uint64_t per_bucket = uint64_t{kSlots} * load;
    const uint64_t needed = (uint64_t{flows} * 2 * 100 + per_bucket - 1) / per_bucket;
    // Chance is unkind to small tables: a few more, so that their capacity is exact too.
    return static_cast<uint32_t>(std::max<uint64_t>(needed + (needed & 1), 2) + 4);
}

bool CuckooIndex::add_elsewhere(uint32_t primary, uint32_t tag) {
    auto& meta = bucket(primary).meta;
    MetaWord word = meta.load(std::memory_order_relaxed);
    do {
        if (word.elsewhere() == MetaWord::kMostElsewhere)
            return false;
    } while (!swap(meta, word, word.with_elsewhere(tag)));
    return true;
}

void CuckooIndex::drop_elsewhere(uint32_t primary) {
    auto& meta = bucket(primary).meta;
    MetaWord word = meta.load(std::memory_order_relaxed);
    while (!swap(meta, word, word.without_elsewhere())) {
    }
}

void CuckooIndex::bump(uint32_t at) {
    auto& meta = bucket(at).meta;
    MetaWord word = meta.load(std::memory_order_relaxed);
    while (!swap(meta, word, word.bumped())) {
    }
}

/// In the secondary bucket, where the primary one is full.
Slot* CuckooIndex::claim_elsewhere(const Place& place, SlotWord& word) {
    const SlotWord there = word.in_other_bucket();
    Bucket& secondary = bucket(this->secondary(place));
    for (const unsigned i : SetBits{secondary.empty_slots()}) {
        // First the hint, then the word: nobody may miss it for want of the hint.
        if (!add_elsewhere(place.primary, place.tag))
            return nullptr;
        SlotWord empty;
        if (swap(secondary.slot[i], empty, there)) {
            word = there;
            return &secondary.slot[i];
        }
        drop_elsewhere(place.primary);
    }
    return nullptr;
}

bool CuckooIndex::clear(Slot& slot, const Place& place, SlotWord word) {
    SlotWord seen = word;
    if (!swap(slot, seen, SlotWord{}))
        return false;
    if (word.in_secondary())
        drop_elsewhere(place.primary);
    return true;
}

void CuckooIndex::erase(const Place& place, uint32_t record, net::Direction direction) {
    scan(place, [&](Slot& slot, SlotWord word) {
        // A copy is its maker's: it takes it back, or makes it live, sees the record dying, and
        // takes it out then.
        return word.index() == record && word.direction() == direction &&
               word.state() == SlotState::Live && clear(slot, place, word);
    });
}

bool CuckooIndex::move(const Move& move) {
    const bool comes_home = move.word.in_secondary();
    const uint32_t primary = comes_home ? move.to : move.from;
    const Place place{primary, move.word.tag()};
    const auto& life = records_[move.word.index()].life;
    // Who moves a dead key would carry it past its grace period; it is taken out instead.
    if (life.load(std::memory_order_seq_cst).life() == Life::Dying) {
        clear(*move.source, place, move.word);
        return false;
    }

    const SlotWord copy = move.word.in_other_bucket().as(SlotState::Copy);
    if (!comes_home && !add_elsewhere(primary, place.tag))
        return false;
    SlotWord empty;
    if (!swap(*move.target, empty, copy)) {
        if (!comes_home)
            drop_elsewhere(primary);
        return false;
    }
    bump(move.from);  // who has passed the target already looks again
    if (!clear(*move.source, place, move.word)) {
        clear(*move.target, place, copy);
        return false;
    }
    SlotWord seen = copy;
    const SlotWord live = copy.as(SlotState::Live);
    swap(*move.target, seen, live);  // nobody else changes a copy
    if (life.load(std::memory_order_seq_cst).life() == Life::Dying)
        clear(*move.target, place, live);
    return true;
}

}  // namespace sluice::flow
