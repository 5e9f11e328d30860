// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Endings: whether a flow toward a server has ended since somebody last looked.
///
/// Shape    Counters by a hash of the reply tuple without its port outside: external address,
///          server, protocol. Two that share one counter see each other's endings too: that costs
///          a look, never an answer.
/// Threads  Any. A counter that nobody has watched is only read, so that ending flows do not write
///          what all workers share.

#include "net/tuple.h"

#include <array>
#include <atomic>
#include <cstdint>

namespace sluice::flow {

class Endings {
public:
    /// The number of endings so far; flows that end from now on count.
    uint32_t watch(const net::Tuple& reply) {
        std::atomic<uint32_t>& word = word_of(reply);
        uint32_t count = word.load(std::memory_order_acquire);
        if (count == 0 && word.compare_exchange_strong(count, 1, std::memory_order_acq_rel))
            return 1;
        return count;
    }

    /// A flow with this reply tuple has ended.
    void add(const net::Tuple& reply) {
        std::atomic<uint32_t>& word = word_of(reply);
        if (word.load(std::memory_order_relaxed) != 0)
            word.fetch_add(1, std::memory_order_release);
    }

private:
    std::atomic<uint32_t>& word_of(const net::Tuple& reply) {
        uint64_t hash = uint64_t{reply.source.raw} << 32 | reply.destination.raw;
        hash ^= uint64_t{reply.source_port.raw} << 16 | static_cast<uint8_t>(reply.protocol);
        hash *= 0x9e3779b97f4a7c15;
        return words_[hash >> (64 - kBits)];
    }

    static constexpr unsigned kBits = 12;
    std::array<std::atomic<uint32_t>, 1 << kBits> words_{};
};

}  // namespace sluice::flow
