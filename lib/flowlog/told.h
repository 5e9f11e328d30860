// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Told: of which entries of a journal a log of translations tells, and by which addresses.
///
/// Shape    Flows as they begin and end, but for those that are not translated. Where ports are
///          given in blocks, blocks in their place, unless both are asked for. Rules may say so, or
///          the opposite, of their own flows.

#include "flow/journal.h"
#include "nat64/naming.h"
#include "policy/logged.h"

#include <atomic>
#include <cstdint>

namespace sluice::flowlog {

struct Told {
    uint16_t block_size = 0;  ///< Ports of a block; 0 where there are none.
    /// Flows too where there are blocks, which may change; null: no.
    const std::atomic<bool>* both = nullptr;
    const policy::Logged* by_rule = nullptr;  ///< What rules say of their flows; null: nothing.
    nat64::Naming naming = {};                ///< Of IPv6 hosts.

    bool has_blocks() const { return block_size != 0; }
    bool has_flows() const {
        // relaxed: a log may find out a moment later.
        return block_size == 0 || (both != nullptr && both->load(std::memory_order_relaxed));
    }

    bool tells(const flow::JournalEntry& entry) const {
        if (entry.event == flow::Event::Changed)
            return false;
        if (entry.kind() == flow::Kind::Block)
            return has_blocks();
        return entry.kind() == flow::Kind::Flow && tells_flows_of(entry.tuning) &&
               is_translated(entry);
    }

private:
    bool tells_flows_of(uint8_t tuning) const {
        return by_rule == nullptr ? has_flows() : by_rule->tells(tuning, has_flows());
    }
    static bool is_translated(const flow::JournalEntry& entry) {
        net::Tuple untranslated = entry.tuple[0].reversed();
        untranslated.zone = entry.tuple[1].zone;
        return entry.tuple[1] != untranslated;
    }
};

}  // namespace sluice::flowlog
