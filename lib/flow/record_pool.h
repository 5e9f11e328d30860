// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Record pool: the records that no flow uses, and lists of those that wait for a grace period.
///
/// Shape    One 32-bit link per record: a record is in the pool, or in one member's chain, or in
///          neither. The pool is a stack, so that what is warm in the cache is used first.
/// Threads  Any may take and put at once, without a lock; a Chain belongs to one thread.
/// Cost     One compare-and-swap per call, whatever the count.

#include <atomic>
#include <cstdint>
#include <span>

namespace sluice::flow {

/// Records linked one after the other, through the pool's links.
struct Chain {
    uint32_t first = 0;
    uint32_t last = 0;
    uint32_t count = 0;

    bool empty() const { return count == 0; }
};

class RecordPool {
public:
    RecordPool() = default;
    RecordPool(const RecordPool&) = delete;
    RecordPool& operator=(const RecordPool&) = delete;

    /// Begins with every record in the pool, the first on top. Called before any thread comes.
    void fill(std::span<std::atomic<uint32_t>> links);

    /// Begins empty, over the links of another pool.
    void share(const RecordPool& other) { links_ = other.links_; }

    /// Takes up to indexes.size() records; returns how many.
    unsigned take(std::span<uint32_t> indexes);

    /// Puts the records of a chain, which must not be empty.
    void put(const Chain& chain);

    /// Adds a record to the end of a chain.
    void append(Chain& chain, uint32_t index);

    /// Adds the records of `more` to the end of a chain.
    void join(Chain& chain, const Chain& more);

    /// Takes all records that are in the pool now.
    Chain take_all();

    /// Calls visit(index) for each record of a chain.
    template <typename Visit>
    void for_each(const Chain& chain, Visit visit) const {
        uint32_t index = chain.first;
        for (uint32_t i = 0; i < chain.count; ++i) {
            const uint32_t next = links_[index].load(std::memory_order_relaxed);
            visit(index);
            index = next;
        }
    }

private:
    /// The top of the stack, and how often it has changed: a thread that was held up between its
    /// read and its swap must not take an old top for the new one.
    struct Top {
        uint64_t bits;

        static constexpr unsigned kIndexBits = 29;
        static constexpr uint32_t kNone = (uint32_t{1} << kIndexBits) - 1;

        static constexpr Top of(uint32_t index, uint64_t changes) {
            return {changes << kIndexBits | index};
        }
        constexpr uint32_t index() const { return static_cast<uint32_t>(bits) & kNone; }
        constexpr uint64_t changes() const { return bits >> kIndexBits; }
    };

    alignas(64) std::atomic<Top> top_{Top::of(Top::kNone, 0)};
    alignas(64) std::span<std::atomic<uint32_t>> links_;
};

}  // namespace sluice::flow
