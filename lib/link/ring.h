// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Ring: packets on their way from one thread to one other.
///
/// Threads  One producer, one consumer.
/// Memory   At create(), ordinary memory; no EAL needed.
/// Errors   put() takes what fits; the caller drops the rest by name.

#include "base/result.h"

#include <cstdint>
#include <memory>
#include <span>

struct rte_mbuf;
struct rte_ring;

namespace sluice::link {

class Ring {
public:
    /// `size` is a power of two; size - 1 packets fit.
    static Result<Ring> create(uint32_t size);
    Ring(Ring&&) noexcept;
    Ring& operator=(Ring&&) noexcept;
    ~Ring();

    unsigned put(std::span<rte_mbuf* const> packets);
    unsigned take(std::span<rte_mbuf*> packets);
    unsigned count() const;     ///< Packets in it now; by any thread.
    unsigned capacity() const;  ///< That fit.

private:
    struct Free {
        void operator()(rte_ring* ring) const;
    };
    explicit Ring(std::unique_ptr<rte_ring, Free> ring);

    std::unique_ptr<rte_ring, Free> ring_;
};

}  // namespace sluice::link
