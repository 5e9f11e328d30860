// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Endings: whether a flow toward a server has ended since somebody last looked.
///
/// Shape    Counters by a hash of the reply tuple without its port outside: external address,
///          server, protocol. Two that share one counter see each other's endings too: that costs
///          a look, never an answer.
/// Threads  Any. A counter that nobody has watched is only read, so that ending flows do not write
///          what all workers share. Who watches looks at the flow table then, and may miss no end:
///          either that look sees it, or add() sees the watch.
///          add() comes behind the swap that ends the flow, watch() before the look. That swap and
///          add()'s load are sequentially consistent, and watch() has a fence before the look.
///          If the load finds 0, it comes before the watcher's swap of the counter, and so before
///          every fence behind that: the watcher's, and that of a watcher who has read the 1. The
///          end comes before the load, so behind each of these fences it is seen.
///          If the load finds a count, add() adds to it. Who reads the sum (acquire) sees the end
///          (release); who reads less finds another count the next time.
/// Source   [atomics.order] of C++20, §3 to §6; it is the store buffer's litmus test.

#include "net/tuple.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace sluice::flow {

class Endings {
public:
    /// The number of endings so far; flows that end from now on count, and those that have ended
    /// before are seen to have.
    uint32_t watch(const net::Tuple& reply) {
        std::atomic<uint32_t>& word = word_of(reply);
        uint32_t seen = word.load(std::memory_order_acquire);
        if (seen == 0 && word.compare_exchange_strong(seen, 1, std::memory_order_acq_rel,
                                                      std::memory_order_acquire))
            seen = 1;
        std::atomic_thread_fence(std::memory_order_seq_cst);
        return seen;
    }

    /// The number of endings since somebody watches, for who has watched before.
    uint32_t count(const net::Tuple& reply) const {
        return words_[place_of(reply)].load(std::memory_order_acquire);
    }

    /// A flow with this reply tuple has ended, by a sequentially consistent swap.
    void add(const net::Tuple& reply) {
        std::atomic<uint32_t>& word = word_of(reply);
        if (word.load(std::memory_order_seq_cst) != 0)
            word.fetch_add(1, std::memory_order_release);
    }

private:
    std::atomic<uint32_t>& word_of(const net::Tuple& reply) { return words_[place_of(reply)]; }

    static size_t place_of(const net::Tuple& reply) {
        uint64_t hash = uint64_t{reply.source.raw} << 32 | reply.destination.raw;
        hash ^= uint64_t{reply.source_port.raw} << 16 | static_cast<uint8_t>(reply.protocol);
        hash *= 0x9e3779b97f4a7c15;
        return hash >> (64 - kBits);
    }

    static constexpr unsigned kBits = 12;
    std::array<std::atomic<uint32_t>, 1 << kBits> words_{};
};

}  // namespace sluice::flow
