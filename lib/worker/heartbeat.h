// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Heartbeat: how others see that a worker still turns.
///
/// Threads  The worker beats, any thread reads.
/// Cost     A store a turn to a cache line of the worker's own.

#include <atomic>
#include <cstdint>

namespace sluice::worker {

class alignas(64) Heartbeat {
public:
    // relaxed, both: the number says that the worker goes on, and nothing else is read by it.
    void beat() { turns_.store(turns_.load(kOrder) + 1, kOrder); }
    /// Turns, modulo 2^32.
    uint32_t turns() const { return turns_.load(kOrder); }

private:
    static constexpr std::memory_order kOrder = std::memory_order_relaxed;
    std::atomic<uint32_t> turns_{0};
};

}  // namespace sluice::worker
