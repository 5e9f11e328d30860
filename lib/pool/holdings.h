// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Holdings: which of a cluster's public addresses this gateway may use, and until when.
///
/// Shape    For each address whether it is held, and one moment for all. One that is none of the
///          cluster's is nobody else's.
/// Units    The moment is nanoseconds of the steady clock.
/// Threads  All that changes it is one thread's; the questions are anybody's.
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
        : addresses_(std::move(addresses)), held_(addresses_.size()) {}
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
    /// Nothing is to be used from then on.
    std::chrono::nanoseconds until() const {
        // relaxed: as is_held(); a moment that has been moved on is late to be seen, at worst.
        return std::chrono::nanoseconds(until_.load(std::memory_order_relaxed));
    }

    void hold(size_t index, bool is_held) {
        held_[index].store(is_held, std::memory_order_relaxed);
    }
    void extend(std::chrono::nanoseconds until) {
        until_.store(until.count(), std::memory_order_relaxed);
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
    std::atomic<int64_t> until_{INT64_MIN};
};

}  // namespace sluice::pool
