// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Key batch: the keys of many records, put into the index in the order of its buckets.
///
/// Shape    In the order of records each key would meet a bucket anywhere in the index: a miss of
///          the cache, and on ordinary pages one of the TLB. So the keys are sorted by parts of the
///          index that a cache holds, and put there part by part.
/// Threads  One, while nobody else is a member of the table: nothing here is swapped.
/// Errors   put() puts all keys or none.
/// Memory   24 bytes a key, at the first add(); without that nothing can be added.
/// Cost     A key is hashed, written twice and read twice, all of that in order, and costs a line
///          of a bucket that is sent for before.

#include "base/memory.h"
#include "flow/cuckoo_index.h"
#include "flow/displacement.h"
#include "flow/flow_record.h"
#include "flow/tuple_hash.h"

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace sluice::flow {

class KeyBatch {
public:
    using Moves = std::array<uint64_t, kMostMoves + 1>;  ///< Keys put after so many moves.

    /// For up to `most` of these records, which outlive the batch.
    KeyBatch(std::span<const FlowRecord> records, size_t most);

    /// False when it is full: then it is to be put, or cleared.
    bool add(uint32_t record, const TupleHash& hash);
    size_t size() const { return count_ / 2; }                           ///< Records.
    uint32_t record(size_t at) const { return keys_[at * 2].record(); }  ///< In the order of add().

    /// Puts both keys of all records as live. False, and none is there, when a key is there
    /// already, or twice in the batch, or has no room.
    bool put(CuckooIndex& index, Moves& moves);
    void clear();

private:
    struct Key {
        uint32_t high;  ///< Of its hash: says its bucket.
        uint32_t tag;   ///< The rest of the hash.
        uint32_t name;  ///< Record, and direction above it.

        uint32_t record() const { return name & ((uint32_t{1} << SlotWord::kIndexBits) - 1); }
        net::Direction direction() const {
            return static_cast<net::Direction>(name >> SlotWord::kIndexBits);
        }
        uint64_t hash() const { return uint64_t{high} << 32 | tag; }
        SlotWord word() const {
            return SlotWord::pending(tag, record(), direction()).as(SlotState::Live);
        }
    };
    static constexpr size_t kLead = 24;  ///< So many keys ahead buckets are sent for.

    bool make();
    size_t part_of(const Key& key) const { return uint64_t{key.high} * ends_.size() >> 32; }
    void sort();
    bool put_sorted(CuckooIndex& index, Moves& moves);
    bool put_late(CuckooIndex& index, Moves& moves);
    bool is_there(const CuckooIndex& index, const Key& key) const;

    std::span<const FlowRecord> records_;
    size_t most_;  // keys
    Pages pages_;
    std::span<Key> keys_;       // as they came
    std::span<Key> sorted_;     // by part
    std::vector<size_t> ends_;  // of each part, how many keys; then where the next one goes
    size_t count_ = 0;
    std::array<Key, kLead> late_;  // whose first bucket was full
    size_t late_count_ = 0;
};

}  // namespace sluice::flow
