// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Next hops: the neighbours on all interfaces, by a small index that flows remember.
///
/// Shape    Index 0 is no hop. One 64-bit word a hop (MAC, interface, marks), and an open-addressed
///          map from (interface, address) to the index, whose slots are single words too: a key and
///          its index are read at once, so nobody can read half of an entry.
/// Threads  Hops are written by the control core alone, and read by any worker without a lock. When
///          a hop is removed, or the routes change, the generation does too, and who has
///          remembered an index looks it up again.
/// Memory   All at create(), ordinary memory: 42 bytes a hop at most. No EAL needed.
/// Cost     find() reads one or two cache lines; read() one.

#include "base/big_endian.h"
#include "base/grace.h"
#include "base/result.h"
#include "link/interfaces.h"
#include "net/mac.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace sluice::link {

using HopIndex = uint16_t;
inline constexpr HopIndex kNoHop = 0;
inline constexpr uint32_t kMaxHops = 65535;

/// A hop as one word says it: the MAC as a word (net/mac.h), and above it the rest.
class Hop {
public:
    static constexpr unsigned kInterfaceShift = 48;
    static constexpr uint64_t kInterface = uint64_t{0xfff} << kInterfaceShift;
    static constexpr uint64_t kResolved = uint64_t{1} << 60;
    static constexpr uint64_t kFailed = uint64_t{1} << 61;
    static constexpr uint64_t kUsed = uint64_t{1} << 62;

    /// Without a MAC yet.
    static constexpr uint64_t on(InterfaceId interface) {
        return uint64_t{interface} << kInterfaceShift;
    }

    constexpr explicit Hop(uint64_t bits) : bits_(bits) {}

    InterfaceId interface() const {
        return static_cast<InterfaceId>((bits_ & kInterface) >> kInterfaceShift);
    }
    bool is_resolved() const { return (bits_ & kResolved) != 0; }  ///< The MAC is known.
    bool has_failed() const { return (bits_ & kFailed) != 0; }     ///< Asked for in vain just now.
    /// A packet went there since the control core last looked.
    bool is_used() const { return (bits_ & kUsed) != 0; }
    net::MacAddress mac() const { return net::mac_of(bits_); }
    uint64_t mac_bits() const { return bits_ & net::kMacBits; }
    /// Likewise, with more in bits 48 to 63.
    uint64_t bits() const { return bits_; }

private:
    uint64_t bits_;
};

class NextHops {
public:
    /// Fails when `capacity` is not 1 to kMaxHops. `secret` is random per start.
    static Result<std::unique_ptr<NextHops>> create(uint32_t capacity, uint64_t secret);

    // Any worker.
    /// Whoever remembers an index remembers the generation that it read *before* find().
    uint32_t generation() const { return generation_.load(std::memory_order_acquire); }
    /// kNoHop when the control core has none yet: punt the packet to it. May also miss a hop in the
    /// moment in which another is removed; the control core then sends the packet on at once.
    HopIndex find(InterfaceId interface, Be32 address) const;
    Hop read(HopIndex index) const { return Hop(words_[index].load(std::memory_order_relaxed)); }
    /// Says that the hop is in use; writes only where nobody has said so.
    void mark_used(HopIndex index);

    // Any thread.
    /// The routes have changed: whoever has remembered an index looks it up again.
    void forget_paths() {
        // release: who sees the new generation sees the routes that the caller stored before.
        generation_.fetch_add(1, std::memory_order_release);
    }

    // The control core alone.
    /// The hop's index, a new one where there is none; kNoHop when all are taken.
    HopIndex add(InterfaceId interface, Be32 address);
    void resolve(HopIndex index, const net::MacAddress& mac);
    /// Forgets the MAC: workers drop what goes there, until retry() or resolve().
    void fail(HopIndex index);
    /// Ends the failure: workers punt again.
    void retry(HopIndex index);
    /// Clears the used mark; returns what it was.
    bool take_used(HopIndex index);
    Be32 address(HopIndex index) const { return addresses_[index]; }
    uint32_t capacity() const { return capacity_; }

    /// Forgets the hop and changes the generation. A worker may hold the index until it has been
    /// quiescent, so it is reused only after a grace period.
    void remove(HopIndex index);
    /// Reuses the indexes that have outlived theirs. Once per turn.
    void reuse(Grace& grace);

private:
    /// A place in the map and what stood there when it was read.
    struct Place {
        size_t at;
        uint64_t slot;
    };

    NextHops(uint32_t capacity, uint64_t secret);
    size_t home(uint64_t key) const;
    Place search(uint64_t key) const;
    void erase(uint64_t key);
    void change(HopIndex index, uint64_t keep, uint64_t set);

    uint32_t capacity_;
    const uint64_t secret_;  ///< So that nobody can choose addresses that crowd one place.
    std::atomic<uint32_t> generation_{1};
    std::vector<std::atomic<uint64_t>> words_;
    std::vector<std::atomic<uint64_t>> slots_;  ///< A power of two, at most half of them taken.

    std::vector<Be32> addresses_;
    std::vector<HopIndex> free_;
    Retired<std::vector<HopIndex>> removed_;
};

}  // namespace sluice::link
