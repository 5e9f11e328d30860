// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Holdings: which of a cluster's public addresses this gateway may use, and until when.
///
/// Shape    For each address whether it is held, or another's, and one moment for all. One that is
///          none of the cluster's is nobody else's.
///          Flows may go by an address that is held no more. As long as they may, workers look at
///          each packet; whoever has ended them says so by settle().
/// Units    The moment is nanoseconds of the steady clock.
/// Threads  All that changes it is one thread's, but for settle(), which is one other's; the
///          questions are anybody's.
/// Memory   At construction.
/// Cost     has() is a subtraction and a byte where the addresses are contiguous, else a search.

#include "base/big_endian.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace sluice::pool {

class Holdings {
public:
    /// None of them is held. They ascend, none is there twice, and there is one at least.
    explicit Holdings(std::vector<Be32> addresses)
        : addresses_(std::move(addresses)), held_(addresses_.size()), others_(addresses_.size()) {}
    Holdings(const Holdings&) = delete;

    const std::vector<Be32>& addresses() const { return addresses_; }

    /// It is held, or none of the cluster's.
    bool has(Be32 address) const {
        const size_t index = index_of(address);
        return index == addresses_.size() || is_held(index);
    }
    bool is_held(size_t index) const {
        // relaxed: it stands alone. Who gives an address away waits for workers that have not
        // seen it yet (cluster::Timing::margin).
        return held_[index].load(std::memory_order_relaxed);
    }
    /// Another gateway has it; not so where it is nobody's, or nobody knows.
    bool is_others(size_t index) const { return others_[index].load(std::memory_order_relaxed); }
    /// No flow is to be kept by it.
    bool is_lost(Be32 address) const {
        const size_t index = index_of(address);
        return index != addresses_.size() && !is_held(index) && is_others(index);
    }
    /// Nothing is to be used from then on.
    std::chrono::nanoseconds until() const {
        // acquire: with the release in extend(), who sees a moment that was moved on sees what was
        // given away before it.
        return std::chrono::nanoseconds(until_.load(std::memory_order_acquire));
    }
    bool may_use(std::chrono::nanoseconds now) const { return now < until(); }

    /// Another one, whenever what is_held() or is_others() says of some address has changed.
    uint32_t edition() const {
        // acquire: with the release in hold(), what has changed is seen with it.
        return edition_.load(std::memory_order_acquire);
    }
    /// No flow goes by an address that is not held.
    bool is_settled() const {
        // relaxed: it stands alone, and a worker that is late to see it looks at more than it must.
        return settled_.load(std::memory_order_relaxed) == edition();
    }
    /// Those that went by one when that was the edition() have ended, and none has opened since.
    void settle(uint32_t edition) { settled_.store(edition, std::memory_order_relaxed); }

    /// Likewise that address, which is held, or none of the cluster's.
    bool may_use(Be32 address, std::chrono::nanoseconds now) const {
        const size_t index = index_of(address);
        return index == addresses_.size() || (is_held(index) && may_use(now));
    }

    void hold(size_t index, bool is_held) {
        held_[index].store(is_held, std::memory_order_relaxed);
        edition_.fetch_add(1, std::memory_order_release);
    }
    void leave_to_other(size_t index, bool is_others) {
        others_[index].store(is_others, std::memory_order_relaxed);
        edition_.fetch_add(1, std::memory_order_release);
    }
    void extend(std::chrono::nanoseconds until) {
        until_.store(until.count(), std::memory_order_release);
    }

private:
    /// Behind the last one where it is none of them.
    size_t index_of(Be32 address) const {
        const uint64_t offset = uint64_t{address.host()} - addresses_.front().host();
        if (offset < addresses_.size() && addresses_[offset] == address)
            return offset;
        const auto found = std::lower_bound(addresses_.begin(), addresses_.end(), address);
        const bool is_there = found != addresses_.end() && *found == address;
        return is_there ? static_cast<size_t>(found - addresses_.begin()) : addresses_.size();
    }

    std::vector<Be32> addresses_;
    std::vector<std::atomic<bool>> held_;
    std::vector<std::atomic<bool>> others_;
    std::atomic<uint32_t> edition_{1};
    std::atomic<uint32_t> settled_{0};
    std::atomic<int64_t> until_{INT64_MIN};
};

/// Without a cluster every address is this gateway's.
inline bool is_usable(const Holdings* holdings, Be32 address) {
    return holdings == nullptr || holdings->has(address);
}

}  // namespace sluice::pool
