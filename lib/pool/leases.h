// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Leases: blocks of external ports, each lent to one worker as its ground for searching.
///
/// Shape    The user ports of every address are cut into blocks of 64. A worker has up to 4 blocks
/// of
///          each address. A lease is not a claim: the flow table alone decides who has a port. It
///          keeps workers that search at the same time out of each other's way.
/// Threads  blocks() and missed() by the worker named; turn() by the control core. One 64-bit
/// atomic
///          word (4 block numbers) and a miss counter for each worker and address; no one waits.
/// Memory   32 bytes for each worker and address, 126 for each address; all at construction.

#include "pool/port_range.h"

#include <array>
#include <atomic>
#include <bitset>
#include <cstdint>
#include <vector>

namespace sluice::pool {

inline constexpr uint32_t kBlockPorts = 64;
inline constexpr uint32_t kBlocks = kUserPorts.size() / kBlockPorts;
inline constexpr unsigned kBlocksPerLease = 4;

/// The blocks that a worker has of one address.
struct Blocks {
    std::array<PortRange, kBlocksPerLease> range;
    unsigned count = 0;
};

class Leases {
public:
    /// Every worker starts with one block of each address, drawn from `seed`.
    Leases(unsigned workers, uint32_t addresses, uint64_t seed);

    // The worker.
    Blocks blocks(unsigned worker, uint32_t address) const;
    /// Says that a search found no free port in the blocks: more are wanted.
    void missed(unsigned worker, uint32_t address);

    // The control core.
    /// Leases ahead of need: who missed since the last turn gets another block, and beyond four the
    /// oldest goes back. Looks at `limit` pairs of worker and address.
    void turn(uint32_t limit);

private:
    struct alignas(32) Cell {
        std::atomic<uint64_t> blocks{0};  // four block numbers + 1, newest lowest; 0 is none
        std::atomic<uint32_t> misses{0};  // by the worker
        uint32_t answered = 0;            // misses that turn() has seen
    };

    void lease(uint32_t cell);
    uint32_t draw(uint32_t address);

    uint32_t addresses_;
    uint32_t position_ = 0;
    uint64_t random_;
    std::vector<Cell> cells_;                 // [worker][address]
    std::vector<std::bitset<kBlocks>> lent_;  // [address]
};

}  // namespace sluice::pool
