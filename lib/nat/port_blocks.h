// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Port blocks: the blocks of external ports that an inside host has to itself, where the operator
/// wants it so. The log then names a holder for each block, not for each flow.
///
/// Shape    A block is a holder (nat/holders.h), on which flows and mappings hang that use its
///          ports. A host takes one when the ports of those that it has do not do, up to a number,
///          each at its own address if there is one free; it gives one back when nothing hangs on
///          it any more.
/// Threads  Owned by one worker; blocks are shared by all.
/// Errors   HostBlocks: the host has used up all that it may have. BlocksExhausted: no address of
///          its pool has a free one. PortsUnsearched: this packet's tries were used up.
/// Cost     A lookup for each block that a host may have, once per flow; for a new block at most
///          kBlocksTried more, and an insert.
/// Source   RFC 6888 §4 (REQ-12 to REQ-14); RFC 6431 calls them port sets.

#include "base/clock.h"
#include "flow/flow_table.h"
#include "nat/holders.h"
#include "nat/rules.h"
#include "nat/searches.h"
#include "pool/exhaustion.h"
#include "pool/static_mappings.h"
#include "stats/counters.h"

#include <cstdint>
#include <optional>

namespace sluice::nat {

inline constexpr unsigned kBlocksTried = 64;  ///< For one packet.

struct Block {
    uint32_t index = 0;  ///< Its record.
    Be32 address;
    pool::PortRange ports;
};

class PortBlocks {
public:
    /// What all workers' blocks share.
    struct Ground {
        flow::FlowTable& table;
        const pool::StaticMappings& statics;  ///< Blocks that their ports lie in are nobody's.
        pool::Exhaustion& exhaustion;
    };

    PortBlocks(const Ground& ground, const BlockParams& params, Holders& holders,
               stats::Counters& counters, uint8_t worker)
        : ground_(ground),
          params_(params),
          holders_(holders),
          counters_(counters),
          searches_(ground.table, static_cast<uint16_t>(0x200 + worker)) {}

    bool are_used() const { return params_.size != 0; }

    /// A block in which a port was found, or why there is none.
    struct Found {
        std::optional<uint32_t> index;
        stats::Drop reason{};
    };

    /// Shows the host's blocks to `search`, which looks for a port there, until it has found one:
    /// those that the host has, then a new one.
    template <typename Search>
    Found find(const Rule& rule, Be32 host, Tick now, Search search) {
        using Outcome = Searches::Outcome;
        std::optional<uint16_t> missing;
        bool is_unfinished = false;
        for (uint16_t ordinal = 0; ordinal < params_.per_host; ++ordinal) {
            const auto block = held(host, ordinal, now);
            if (!block) {
                missing = missing ? missing : ordinal;
                continue;
            }
            const Outcome outcome = search(*block);
            if (outcome == Outcome::Found)
                return {block->index, {}};
            is_unfinished |= outcome == Outcome::Unfinished;
        }
        if (!missing)
            return {{}, is_unfinished ? stats::Drop::PortsUnsearched : stats::Drop::HostBlocks};
        stats::Drop reason = stats::Drop::PortsUnsearched;
        const auto block = take(rule, host, *missing, now, reason);
        if (block && search(*block) == Outcome::Found)
            return {block->index, {}};
        return {{}, is_unfinished ? stats::Drop::PortsUnsearched : reason};
    }

private:
    std::optional<Block> held(Be32 host, uint16_t ordinal, Tick now) const;
    std::optional<Block> take(const Rule& rule, Be32 host, uint16_t ordinal, Tick now,
                              stats::Drop& reason);
    Searches::Outcome look_at(Be32 address, pool::PortRange pool, net::Endpoint& first, Tick now);
    Block block_of(uint32_t index) const;

    Ground ground_;
    BlockParams params_;
    Holders& holders_;
    stats::Counters& counters_;
    Searches searches_;
};

}  // namespace sluice::nat
