// SPDX-License-Identifier: BSD-3-Clause
#include "flow/displacement.h"

#include <algorithm>
#include <array>
#include <bit>

namespace sluice::flow {
namespace {

/// Others change the table during a search; after so many of their surprises there is no room.
constexpr unsigned kMostSearches = 64;

/// Buckets sent for ahead of the search, each with the record whose key would move there: most
/// searches end among so many, and to fetch all that a full bucket leads to costs more than it
/// saves.
constexpr unsigned kLikely = 4;
static_assert(kLikely <= kSlots);

/// A bucket that the search has reached, by moving `word` out of slot `slot` of `parent`.
struct Reached {
    uint32_t bucket;
    uint16_t parent;
    uint8_t slot;
    uint8_t moves;
    uint64_t word;  // a SlotWord's bits: an array of these is not zeroed for every search
};

class Search {
public:
    Search(CuckooIndex& index, const Place& place) : index_(index) {
        reached_[count_++] = {place.primary, 0, 0, 0, 0};
        reached_[count_++] = {index.secondary(place), 0, 0, 0, 0};
    }

    struct End {
        unsigned node;
        unsigned slot;
        bool found;
    };

    /// The nearest bucket with an empty slot. What full buckets lead to is listed only when all
    /// that are as near are full.
    End nearest() {
        unsigned first = 0;
        for (unsigned moves = 0; moves <= kMostMoves; ++moves) {
            const unsigned last = count_;
            for (unsigned node = first; node < std::min(first + kLikely, last); ++node)
                prefetch(node);
            for (unsigned node = first; node < last; ++node) {
                if (node + kLikely < last)
                    prefetch(node + kLikely);
                if (const unsigned empty = index_.bucket(reached_[node].bucket).empty_slots())
                    return {node, static_cast<unsigned>(std::countr_zero(empty)), true};
            }
            for (unsigned node = first; moves < kMostMoves && node < last; ++node)
                expand(node);
            first = last;
        }
        return {0, 0, false};
    }

    /// Moves the keys on the way to `end`, the last one first. False when one has changed.
    bool move_all(const End& end) {
        unsigned target = end.slot;
        for (unsigned node = end.node; reached_[node].moves > 0; node = reached_[node].parent) {
            const Reached& to = reached_[node];
            const Reached& from = reached_[to.parent];
            const CuckooIndex::Move step{from.bucket, to.bucket,
                                         &index_.bucket(from.bucket).slot[to.slot],
                                         &index_.bucket(to.bucket).slot[target], SlotWord{to.word}};
            if (!index_.move(step))
                return false;
            target = to.slot;
        }
        return true;
    }

    unsigned moves(const End& end) const { return reached_[end.node].moves; }

private:
    /// A bucket that is soon looked at, and the record whose key would move there.
    void prefetch(unsigned node) const {
        __builtin_prefetch(&index_.bucket(reached_[node].bucket), 1);
        if (reached_[node].moves == 1)
            __builtin_prefetch(&index_.record(SlotWord{reached_[node].word}));
    }

    void expand(unsigned node) {
        const Reached at = reached_[node];
        const Bucket& bucket = index_.bucket(at.bucket);
        for (unsigned slot = 0; slot < kSlots && count_ < kMostBuckets; ++slot) {
            // Acquire: the mover goes on to the life of the record that the word names.
            const SlotWord word = bucket.slot[slot].load(std::memory_order_acquire);
            if (word.state() == SlotState::Live)
                reached_[count_++] = {index_.other(at.bucket, word.tag()),
                                      static_cast<uint16_t>(node), static_cast<uint8_t>(slot),
                                      static_cast<uint8_t>(at.moves + 1), word.bits};
        }
    }

    CuckooIndex& index_;
    std::array<Reached, kMostBuckets> reached_;
    unsigned count_ = 0;
};

}  // namespace

void prefetch_room(const CuckooIndex& index, const Place& place) {
    const Bucket& primary = index.bucket(place.primary);
    if (primary.empty_slots() != 0 || index.bucket(index.secondary(place)).empty_slots() != 0)
        return;
    for (unsigned slot = 0; slot < kLikely; ++slot) {
        const SlotWord word = primary.slot[slot].load(std::memory_order_relaxed);
        __builtin_prefetch(&index.bucket(index.other(place.primary, word.tag())), 1);
        __builtin_prefetch(&index.record(word));
    }
}

Room make_room(CuckooIndex& index, const Place& place) {
    for (unsigned i = 0; i < kMostSearches; ++i) {
        Search search(index, place);
        const auto end = search.nearest();
        if (!end.found)
            return {false, 0};
        if (search.move_all(end))
            return {true, search.moves(end)};
    }
    return {false, 0};
}

}  // namespace sluice::flow
