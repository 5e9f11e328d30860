// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Exhaustion: how often each address of each pool had no port for a packet that wanted one.
///
/// Shape    A counter for each slot (an address of a pool), and where the last such packet went.
/// Threads  Workers add, anybody reads.
/// Cost     An atomic addition, for packets that get no port where they asked first.

#include "net/tuple.h"

#include <atomic>
#include <cstdint>
#include <vector>

namespace sluice::pool {

/// What packets found of one slot.
struct Shortage {
    uint64_t packets = 0;  ///< That found every port toward their destination taken.
    Be32 destination;      ///< Of the last one; 0 if it was to be mapped whoever it goes to.
    Be16 port;
    net::Protocol protocol{};  ///< 0 if it wanted a block of ports.
};

class Exhaustion {
public:
    explicit Exhaustion(uint32_t slots) : slots_(slots) {}

    /// A packet whose flow would have this reply tuple finds no port.
    void add(uint32_t slot, const net::Tuple& reply) {
        Slot& place = slots_[slot];
        const uint64_t last = uint64_t{reply.source.raw} << 32 |
                              uint64_t{static_cast<uint8_t>(reply.protocol)} << 16 |
                              reply.source_port.raw;
        // relaxed: both words stand alone.
        if (place.last.load(std::memory_order_relaxed) != last)
            place.last.store(last, std::memory_order_relaxed);
        place.packets.fetch_add(1, std::memory_order_relaxed);
    }

    /// A packet wants a block of ports, and no address has one.
    void want_block() { blocks_wanted_.fetch_add(1, std::memory_order_relaxed); }
    /// How many have.
    uint64_t blocks_wanted() const { return blocks_wanted_.load(std::memory_order_relaxed); }

    Shortage read(uint32_t slot) const {
        const uint64_t last = slots_[slot].last.load(std::memory_order_relaxed);
        return {slots_[slot].packets.load(std::memory_order_relaxed),
                {static_cast<uint32_t>(last >> 32)},
                {static_cast<uint16_t>(last)},
                static_cast<net::Protocol>(last >> 16 & 0xff)};
    }

    uint32_t size() const { return static_cast<uint32_t>(slots_.size()); }

private:
    struct Slot {
        std::atomic<uint64_t> packets{0};
        std::atomic<uint64_t> last{0};
    };
    std::vector<Slot> slots_;
    std::atomic<uint64_t> blocks_wanted_{0};
};

}  // namespace sluice::pool
