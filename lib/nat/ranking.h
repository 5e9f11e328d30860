// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Ranking: which of some records goes first, where one must go (nat/early_drop.h). It ends none.
///
/// Shape    Ages are weighed by who has answered whom: the greater tier goes first, then the
///          greater weight. A flow that is ASSURED has no rank, nor has what something hangs on.
/// Threads  One for each thread, a member of the flow table: near() has room of its own.
/// Cost     As EarlyDrop's.

#include "base/clock.h"
#include "flow/flow_table.h"
#include "hosts/host_table.h"
#include "hosts/quotas.h"
#include "nat/decision.h"
#include "policy/holder_params.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>

namespace sluice::nat {

inline constexpr unsigned kNearBuckets = 8;  ///< From a key's own on; its other one comes on top.
inline constexpr unsigned kMostNear = (kNearBuckets + 1) * flow::kSlots;

/// So many unanswered flows are any host's share of a table, if that is not too small for them.
inline constexpr uint32_t kMostShare = 256;

/// Why one goes before another: the greater tier first, then the greater weight.
struct Rank {
    uint8_t tier = 0;
    uint32_t half_open = 0;
    uint64_t staleness = 0;
    auto operator<=>(const Rank&) const = default;
};

/// Tiers.
inline constexpr uint8_t kAboveShare = 2;
inline constexpr uint8_t kStale = 1;
inline constexpr uint8_t kKept = 0;

struct Victim {
    uint32_t index;
    flow::LifeWord life;
    hosts::HostIndex host;  ///< Of a flow.
    uint8_t protecting;     ///< Status bits that save it from now on; 0 for what is no flow.
    Rank rank;
    bool is_waiting = false;  ///< A mapping that goes with all that hangs on it.
};

class Ranking {
public:
    Ranking(flow::FlowTable& table, const hosts::HostTable& hosts)
        : table_(table), hosts_(hosts), share_(std::clamp(table.capacity() / 16, 8U, kMostShare)) {}

    bool is_above_share(hosts::HostIndex host) const {
        return hosts_.standing_of(host).half_open > share_;
    }
    /// What stands near a tuple's place, but for what has been made for the flow that wants in. It
    /// is good until the next call.
    std::span<const flow::FlowRef> near(const net::Tuple& original, Tick now);
    /// The first of these to go; nothing where none may.
    std::optional<Victim> choose(std::span<const flow::FlowRef> near, Tick now) const;
    /// Of the flows near a tuple's place that are counted for the same (hosts::used_up()), but for
    /// one record.
    std::optional<Victim> choose_counted(const net::Tuple& original, const hosts::UsedUp& what,
                                         const hosts::Quotas& quotas, Tick now,
                                         uint32_t but = kNoRecord);
    /// Of who holds the key of its replies: nothing for what has been answered, or what came from
    /// outside. A mapping may have flows that nobody has answered.
    std::optional<Victim> judge_holder(flow::FlowRef holder, const policy::HolderParams& holders,
                                       Tick now) const;

private:
    std::optional<Victim> judge(uint32_t index, Tick now) const;
    std::optional<Victim> judge_waiting(uint32_t mapping, Tick now) const;
    void judge_flow(const flow::FlowRecord& record, uint32_t age, Victim& victim) const;
    Rank rank_unanswered(hosts::HostIndex host, uint64_t weighed) const;

    flow::FlowTable& table_;
    const hosts::HostTable& hosts_;
    uint32_t share_;
    std::array<flow::FlowRef, kMostNear> near_;
};

}  // namespace sluice::nat
