// SPDX-License-Identifier: BSD-3-Clause
#include "flow/displacement.h"

#include <array>

namespace sluice::flow {
namespace {

/// Others change the table during a search; after so many of their surprises there is no room.
constexpr unsigned kMostSearches = 64;

/// Most searches end among the first buckets. They are prefetched, and the others when the search
/// comes near: to fetch all that one full bucket leads to would cost more than it saves.
constexpr unsigned kLikely = 6;
constexpr unsigned kAhead = 3;

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
        add({place.primary, 0, 0, 0, 0});
        add({place.secondary, 0, 0, 0, 0});
    }

    struct End {
        unsigned node;
        unsigned slot;
        bool found;
    };

    /// The nearest bucket with an empty slot.
    End nearest() {
        for (unsigned node = 0; node < count_; ++node) {
            const Reached at = reached_[node];
            if (node + kAhead >= kLikely && node + kAhead < count_)
                prefetch(node + kAhead);
            Bucket& bucket = index_.bucket(at.bucket);
            std::array<SlotWord, kSlots> words;
            for (unsigned slot = 0; slot < kSlots; ++slot) {
                // Acquire: the mover goes on to the life of the record that the word names.
                words[slot] = bucket.slot[slot].load(std::memory_order_acquire);
                if (!words[slot])
                    return {node, slot, true};
            }
            if (at.moves < kMostMoves)
                expand(node, words);
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
    void add(const Reached& bucket) {
        reached_[count_] = bucket;
        if (count_ < kLikely)
            prefetch(count_);
        ++count_;
    }

    /// The bucket, and the record whose key would move there.
    void prefetch(unsigned node) {
        __builtin_prefetch(&index_.bucket(reached_[node].bucket), 1);
        if (reached_[node].moves == 1)
            __builtin_prefetch(&index_.record(SlotWord{reached_[node].word}));
    }

    void expand(unsigned node, const std::array<SlotWord, kSlots>& words) {
        const Reached at = reached_[node];
        for (unsigned slot = 0; slot < kSlots && count_ < kMostBuckets; ++slot)
            if (words[slot].state() == SlotState::Live)
                add({index_.other(at.bucket, words[slot].tag()), static_cast<uint16_t>(node),
                     static_cast<uint8_t>(slot), static_cast<uint8_t>(at.moves + 1),
                     words[slot].bits});
    }

    CuckooIndex& index_;
    std::array<Reached, kMostBuckets> reached_;
    unsigned count_ = 0;
};

}  // namespace

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
