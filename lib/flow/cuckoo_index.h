// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Cuckoo index: which record has this tuple, and where its key stands.
///
/// Shape    An even number of buckets, no power of two needed. A key may stand in two of them; from
///          either the other one follows by the tag alone.
/// Threads  All at once, without a lock. Callers are members between two quiescent states, so no
///          record that they meet is reused meanwhile. docs/flow-table.md has the protocol, the
///          invariants, and the argument for each memory order.
/// Cost     scan(): one line, or two when the filter says so.

#include "base/bits.h"
#include "flow/bucket.h"
#include "flow/flow_record.h"

#include <cstdint>
#include <span>

namespace sluice::flow {

/// Where a key may stand, and the tag that it has there: from both follows its other bucket.
struct Place {
    uint32_t primary;
    uint32_t tag;
};

using Slot = std::atomic<SlotWord>;

class CuckooIndex {
public:
    CuckooIndex() = default;
    CuckooIndex(std::span<Bucket> buckets, FlowRecord* records)
        : buckets_(buckets.data()),
          count_(static_cast<uint32_t>(buckets.size())),
          records_(records) {}

    /// Buckets for two keys of each of `flows`, with `load` percent of the slots in use.
    static uint32_t buckets_for(uint32_t flows, unsigned load);

    Place place(uint64_t hash) const {
        const auto tag = static_cast<uint32_t>(hash);
        const auto primary = static_cast<uint32_t>((hash >> 32) * count_ >> 32);
        return {primary, tag};
    }
    uint32_t secondary(const Place& place) const { return other(place.primary, place.tag); }

    /// The other bucket of a key that may stand in `bucket`: an odd sum less the bucket, so that
    /// the two differ and each leads to the other.
    uint32_t other(uint32_t bucket, uint32_t tag) const {
        const uint32_t sum = static_cast<uint32_t>(uint64_t{tag} * (count_ / 2) >> 32) * 2 + 1;
        return sum >= bucket ? sum - bucket : sum + count_ - bucket;
    }

    uint32_t count() const { return count_; }
    Bucket& bucket(uint32_t at) const { return buckets_[at]; }
    Bucket& primary(uint64_t hash) const { return buckets_[(hash >> 32) * count_ >> 32]; }
    const FlowRecord& record(SlotWord word) const { return records_[word.index()]; }
    /// Sends for both buckets of a key that is to be put there.
    void send_for(const Place& place) const {
        __builtin_prefetch(&bucket(place.primary), 1);
        __builtin_prefetch(&bucket(secondary(place)), 1);
    }

    /// False when no key of this hash is there, as scan() would find, at less cost. True: scan()
    /// tells. `but` has the bits of slots in the primary bucket that do not count.
    bool may_have(uint64_t hash, unsigned but = 0) const {
        return may_have(primary(hash), static_cast<uint32_t>(hash), but);
    }
    bool may_have(const Bucket& primary, uint32_t tag, unsigned but = 0) const {
        const MetaWord before = primary.meta.load(std::memory_order_seq_cst);
        return before.may_be_elsewhere(tag) || (primary.slots_of(tag) & ~but) != 0 ||
               !is_unchanged(primary, before);
    }

    /// Shows `visit(slot, word)` each word with the key's tag in its buckets until it returns true.
    /// Returns whether it did. When not, a key that was there all the time has been shown: a move
    /// that could have hidden it leaves a new version behind, and then all is shown again.
    template <typename Visit>
    bool scan(const Place& place, Visit visit) const {
        Bucket& primary = bucket(place.primary);
        Bucket& secondary = bucket(this->secondary(place));
        for (;;) {
            const MetaWord first = primary.meta.load(std::memory_order_seq_cst);
            const bool both = first.may_be_elsewhere(place.tag);
            // Both versions come before any slot.
            const MetaWord second =
                both ? secondary.meta.load(std::memory_order_seq_cst) : MetaWord{};
            if (show(primary, place.tag, visit) || (both && show(secondary, place.tag, visit)))
                return true;
            if (is_unchanged(primary, first) && (!both || is_unchanged(secondary, second)))
                return false;
        }
    }

    /// Puts `word`, which is pending, into an empty slot of its buckets and tells how it stands
    /// there. Null when both are full.
    Slot* claim(const Place& place, SlotWord& word) {
        Bucket& primary = bucket(place.primary);
        for (const unsigned i : SetBits{primary.empty_slots()}) {
            SlotWord empty;
            if (swap(primary.slot[i], empty, word)) [[likely]]
                return &primary.slot[i];
        }
        return claim_elsewhere(place, word);
    }

    /// Takes `word` out of `slot`; false when it is no longer there.
    bool clear(Slot& slot, const Place& place, SlotWord word);

    /// Takes a key of a dying record out, wherever it stands. A mover that is at work on it takes
    /// its own copy out.
    void erase(const Place& place, uint32_t record, net::Direction direction);

    /// A live word of one bucket, and an empty slot in its other one.
    struct Move {
        uint32_t from;
        uint32_t to;
        Slot* source;
        Slot* target;
        SlotWord word;
    };

    /// Moves a key. False when its word, or the empty slot, has changed meanwhile.
    bool move(const Move& move);

private:
    /// Every change of a word. Sequentially consistent: a claim and the scan after it, and a
    /// mover's last step and its look at the life word, are each a store that must be seen before a
    /// load.
    template <typename Word>
    static bool swap(std::atomic<Word>& at, Word& from, Word to) {
        return at.compare_exchange_strong(from, to, std::memory_order_seq_cst);
    }

    template <typename Visit>
    static bool show(Bucket& bucket, uint32_t tag, Visit& visit) {
        // Who scans expects a miss, so the branches are guessed right; hits are probe's.
        for (const unsigned i : SetBits{bucket.slots_of(tag)}) {
            Slot& slot = bucket.slot[i];
            const SlotWord word = slot.load(std::memory_order_seq_cst);
            if (word.tag() == tag && word && visit(slot, word)) [[unlikely]]
                return true;
        }
        return false;
    }

    static bool is_unchanged(const Bucket& bucket, MetaWord seen) {
        return bucket.meta.load(std::memory_order_seq_cst).version() == seen.version();
    }

    Slot* claim_elsewhere(const Place& place, SlotWord& word);
    /// Counts a key of `primary` as standing elsewhere; false when no more can be counted.
    bool add_elsewhere(uint32_t primary, uint32_t tag);
    void drop_elsewhere(uint32_t primary);
    void bump(uint32_t bucket);

    Bucket* buckets_ = nullptr;
    uint32_t count_ = 0;
    FlowRecord* records_ = nullptr;
};

}  // namespace sluice::flow
