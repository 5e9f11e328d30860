// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Next hops: the neighbours of both ports, by a small index that flows remember.
///
/// Shape    Index 0 is no hop. One 64-bit atomic word a hop (MAC, side, state, used), and a map
/// from
///          (side, address) to the index.
/// Threads  Written by the control core alone; read by any worker, without a lock. When a hop is
///          removed the generation changes, and who has remembered an index looks it up again.
/// Memory   All at create(); needs EAL.

#include "base/big_endian.h"
#include "base/enum.h"
#include "base/result.h"
#include "net/arp.h"

#include <atomic>
#include <cstdint>
#include <memory>

struct rte_hash;
struct rte_rcu_qsbr;

namespace sluice::route {

/// Which side of the NAT.
enum class Side : uint8_t { Inside, Outside };

constexpr Side opposite(Side side) {
    return side == Side::Inside ? Side::Outside : Side::Inside;
}

using HopIndex = uint16_t;
inline constexpr HopIndex kNoHop = 0;

/// A hop as one word says it.
struct Hop {
    net::MacAddress mac{};
    Side side = Side::Inside;
    bool resolved = false;  ///< The MAC is known.
    bool failed = false;    ///< It was asked for in vain, a moment ago.
    bool used = false;      ///< A packet went there since the control core last looked.
};

class NextHops {
public:
    /// Fails when EAL has too little memory. `capacity` is at most 65535.
    static Result<std::unique_ptr<NextHops>> create(uint32_t capacity, int numa_node);
    ~NextHops();

    // Any worker.
    uint32_t generation() const { return generation_.load(std::memory_order_acquire); }
    /// kNoHop when the control core has none yet: punt the packet to it.
    HopIndex find(Side side, Be32 address) const;
    Hop read(HopIndex index) const;
    /// Says that the hop is in use; writes only where nobody has said so.
    void mark_used(HopIndex index);

    // The control core alone.
    /// The hop's index, a new one where there is none; kNoHop when all are taken.
    HopIndex add(Side side, Be32 address);
    void resolve(HopIndex index, const net::MacAddress& mac);
    void fail(HopIndex index);
    /// Clears the used mark; returns what it was.
    bool take_used(HopIndex index);
    /// Forgets the hop and changes the generation. The index is reused after a grace period.
    void remove(HopIndex index);
    Be32 address(HopIndex index) const;
};

}  // namespace sluice::route
