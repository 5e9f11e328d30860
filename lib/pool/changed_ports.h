// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Changed ports: the external port that an inside endpoint was last given in place of its own, so
/// that it has the same toward other servers, where that is free.
///
/// Shape    4096 entries by a hash of the endpoint; a newer one takes the place of an older. Only a
///          wish: whether the port is free is for the flow table to say.
/// Threads  All workers. An entry is two words, of which the first is the key crossed with the
///          second: a reader that meets half of a write finds another key, and no entry.
/// Source   find_appropriate_src() of Linux, net/netfilter/nf_nat_core.c, which looks for any flow
///          of the same source; the newest is mostly the one it finds.

#include "net/tuple.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

namespace sluice::pool {

class ChangedPorts {
public:
    /// The external endpoint that the inside one of `original` was last given.
    std::optional<net::Endpoint> find(const net::Tuple& original) const {
        const uint64_t key = key_of(original);
        const Entry& entry = entries_[place_of(key)];
        const uint64_t crossed = entry.crossed.load(std::memory_order_relaxed);
        const uint64_t value = entry.value.load(std::memory_order_relaxed);
        if (value == 0 || (crossed ^ value) != key)
            return std::nullopt;
        return net::Endpoint{{static_cast<uint32_t>(value >> 32)}, {static_cast<uint16_t>(value)}};
    }

    void learn(const net::Tuple& original, net::Endpoint external) {
        const uint64_t key = key_of(original);
        // Bit 16 tells an entry from none.
        const uint64_t value = uint64_t{external.address.raw} << 32 | 1U << 16 | external.port.raw;
        Entry& entry = entries_[place_of(key)];
        if (entry.value.load(std::memory_order_relaxed) != value)
            entry.value.store(value, std::memory_order_relaxed);
        if (entry.crossed.load(std::memory_order_relaxed) != (key ^ value))
            entry.crossed.store(key ^ value, std::memory_order_relaxed);
    }

private:
    static constexpr unsigned kBits = 12;

    struct Entry {
        std::atomic<uint64_t> crossed;
        std::atomic<uint64_t> value;
    };

    static uint64_t key_of(const net::Tuple& original) {
        return uint64_t{original.source.raw} << 32 |
               uint64_t{static_cast<uint8_t>(original.protocol)} << 16 | original.source_port.raw;
    }
    static uint64_t place_of(uint64_t key) {
        return ((key ^ key >> 32) * 0x9e3779b97f4a7c15) >> (64 - kBits);
    }

    std::array<Entry, 1 << kBits> entries_{};
};

}  // namespace sluice::pool
