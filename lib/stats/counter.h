// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Counter: a number that one thread counts up and all may read.

#include <atomic>
#include <cstdint>

namespace sluice::stats {

/// A counter with one writer: relaxed load and store, no read-modify-write on the bus.
class Counter {
public:
    void add(uint64_t count) {
        // relaxed: the value stands alone, no reader draws a conclusion about other memory from it.
        value_.store(value_.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
    }
    void set(uint64_t value) { value_.store(value, std::memory_order_relaxed); }
    uint64_t read() const { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<uint64_t> value_{0};
};

}  // namespace sluice::stats
