// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Tally: what has gone over a flow in one direction since it was last added to the flow's account.
///
/// Shape    One word: mark 1 | epoch 1 | packets 9 | bytes 21. It is full long before a number runs
///          over. The mark is not its own: it stands there because each packet reads this line.
/// Threads  The flow's owner writes; who else reads it goes by flow/accounts.h.

#include "flow/traffic.h"

#include <atomic>
#include <cassert>
#include <cstdint>

namespace sluice::flow {

class Tally {
public:
    /// A full one has so many packets, or bytes.
    static constexpr uint32_t kFullPackets = 256;
    static constexpr uint32_t kFullBytes = uint32_t{1} << 20;

    /// What it says at one moment.
    struct Seen {
        uint32_t bits = 0;

        uint32_t packets() const { return bits >> kPacketShift & (2 * kFullPackets - 1); }
        uint32_t bytes() const { return bits & (2 * kFullBytes - 1); }
        /// Changes with each time that it is added to the account.
        bool epoch() const { return (bits & kEpoch) != 0; }
    };

    /// Acquire, as add() and renew() are release: who sees an epoch sees in the account what was
    /// added at its beginning.
    Seen see() const { return {bits_.load(std::memory_order_acquire)}; }

    /// True when it is full: nothing may be added before renew(). What is added is less than what
    /// fills it.
    bool add(const Traffic& more) {
        assert(more.packets < kFullPackets && more.bytes < kFullBytes);
        const uint32_t bits = mine() + (static_cast<uint32_t>(more.packets) << kPacketShift) +
                              static_cast<uint32_t>(more.bytes);
        bits_.store(bits, std::memory_order_release);
        return (bits & kFull) != 0;
    }
    /// Nothing, in the next epoch.
    void renew() { bits_.store((mine() & (kMark | kEpoch)) ^ kEpoch, std::memory_order_release); }
    /// Nothing, as of a flow that begins; the mark stays.
    void restart() { bits_.store(mine() & kMark, std::memory_order_relaxed); }
    /// Likewise, without the mark.
    void clear() { bits_.store(0, std::memory_order_relaxed); }

    bool is_marked() const { return (mine() & kMark) != 0; }
    void mark() { bits_.store(mine() | kMark, std::memory_order_relaxed); }
    void unmark() { bits_.store(mine() & ~kMark, std::memory_order_relaxed); }

private:
    static constexpr unsigned kPacketShift = 21;
    static constexpr uint32_t kMark = uint32_t{1} << 31;
    static constexpr uint32_t kEpoch = uint32_t{1} << 30;
    static constexpr uint32_t kFull = kFullPackets << kPacketShift | kFullBytes;

    // relaxed: its owner's, and of the mark any recent value is as good.
    uint32_t mine() const { return bits_.load(std::memory_order_relaxed); }

    std::atomic<uint32_t> bits_{0};
};
static_assert(sizeof(Tally) == sizeof(uint32_t));

}  // namespace sluice::flow
