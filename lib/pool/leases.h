// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Leases: blocks of external ports, each lent to one worker as its ground for searching.
///
/// Shape    A slot is an address of a pool. The user ports of every slot are cut into blocks of 64;
///          a worker has up to 4 blocks of each. A lease is not a claim: the flow table alone
///          decides who has a port. It keeps workers that search at the same time out of each
///          other's way.
/// Threads  blocks() and found() and missed() by the worker named; turn() by the control core. One
///          64-bit atomic word (4 block numbers) and two counters for each worker and slot; no one
///          waits.
/// Memory   32 bytes for each worker and slot, 132 for each slot; all at construction.

#include "base/clock.h"
#include "pool/port_range.h"

#include <array>
#include <atomic>
#include <bitset>
#include <cstdint>
#include <span>
#include <vector>

namespace sluice::pool {

inline constexpr uint32_t kBlockPorts = 64;
inline constexpr uint32_t kBlocks = kUserPorts.size() / kBlockPorts;
inline constexpr unsigned kBlocksPerLease = 4;
/// How long a worker keeps blocks that it does not use.
inline constexpr Duration kIdleLease = Duration::seconds(60);

/// The blocks that a worker has of one slot.
struct Blocks {
    std::array<PortRange, kBlocksPerLease> range;
    unsigned count = 0;
};

class Leases {
public:
    /// Every worker starts with one block of each slot, drawn from `seed`. `ports` has the ports
    /// of each slot's pool; a slot with fewer than 64 user ports has no blocks.
    Leases(unsigned workers, std::span<const PortRange> ports, uint64_t seed);

    // The worker.
    Blocks blocks(unsigned worker, uint32_t slot) const;
    /// Says that a search found a port in the blocks; `tight` when more of them will be wanted
    /// soon.
    void found(unsigned worker, uint32_t slot, bool tight);
    /// Says that a search found no free port in the blocks: more are wanted.
    void missed(unsigned worker, uint32_t slot);

    // The control core.
    /// Leases ahead of need: who found it tight since the last turn, or missed, gets another block,
    /// and beyond four the oldest goes back. Who has used none for kIdleLease gives one back, down
    /// to one. Looks at `limit` pairs of worker and slot.
    void turn(uint32_t limit, Tick now);

private:
    struct alignas(32) Cell {
        std::atomic<uint64_t> blocks{0};  // four block numbers + 1, newest lowest; 0 is none
        std::atomic<uint32_t> wishes{0};  // for another block, by the worker
        std::atomic<uint32_t> uses{0};    // by the worker
        uint32_t wishes_seen = 0;         // by turn()
        uint32_t uses_seen = 0;
        Tick used;  // when turn() last saw a use
    };

    void lease(uint32_t cell);
    void take_back(uint32_t cell);
    uint32_t draw(uint32_t slot);
    uint32_t block_count(uint32_t slot) const { return ports_[slot].size() / kBlockPorts; }

    std::vector<PortRange> ports_;  // [slot]: those that blocks are cut from
    uint32_t position_ = 0;
    uint64_t random_;
    std::vector<Cell> cells_;                 // [worker][slot]
    std::vector<std::bitset<kBlocks>> lent_;  // [slot]
};

}  // namespace sluice::pool
