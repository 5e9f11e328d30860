// SPDX-License-Identifier: BSD-3-Clause
#include "link/ring.h"

#include <rte_ring.h>

#include <algorithm>
#include <cstdlib>
#include <string>

namespace sluice::link {

void Ring::Free::operator()(rte_ring* ring) const {
    std::free(ring);
}

Ring::Ring(std::unique_ptr<rte_ring, Free> ring) : ring_(std::move(ring)) {}
Ring::Ring(Ring&&) noexcept = default;
Ring& Ring::operator=(Ring&&) noexcept = default;
Ring::~Ring() = default;

Result<Ring> Ring::create(uint32_t size) {
    const ssize_t bytes = rte_ring_get_memsize(size);
    if (bytes < 0)
        return Error{"a ring of " + std::to_string(size) + " packets is no power of two"};
    // rte_ring_init() wants cache-line alignment, and aligned_alloc() whole multiples of it.
    const size_t rounded = (static_cast<size_t>(bytes) + 63) / 64 * 64;
    auto* ring = static_cast<rte_ring*>(std::aligned_alloc(64, rounded));
    if (ring == nullptr || rte_ring_init(ring, "ring", size, RING_F_SP_ENQ | RING_F_SC_DEQ) != 0) {
        std::free(ring);
        return Error{"no memory for a ring of " + std::to_string(size) + " packets"};
    }
    return Ring(std::unique_ptr<rte_ring, Free>(ring));
}

unsigned Ring::put(std::span<rte_mbuf* const> packets) {
    return rte_ring_sp_enqueue_burst(ring_.get(), reinterpret_cast<void* const*>(packets.data()),
                                     static_cast<unsigned>(packets.size()), nullptr);
}

unsigned Ring::take(std::span<rte_mbuf*> packets) {
    return rte_ring_sc_dequeue_burst(ring_.get(), reinterpret_cast<void**>(packets.data()),
                                     static_cast<unsigned>(packets.size()), nullptr);
}

/// As rte_ring_count(), but that the other thread may write meanwhile what is read.
unsigned Ring::count() const {
    // relaxed: it is a number of that moment, and says nothing of the packets.
    const uint32_t end = __atomic_load_n(&ring_->prod.tail, __ATOMIC_RELAXED);
    const uint32_t begin = __atomic_load_n(&ring_->cons.tail, __ATOMIC_RELAXED);
    return std::min((end - begin) & ring_->mask, ring_->capacity);
}

unsigned Ring::capacity() const {
    return rte_ring_get_capacity(ring_.get());
}

}  // namespace sluice::link
