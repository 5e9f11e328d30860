// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Early drop: which flow goes when the table is full and a new one wants in.
///
/// Shape    Of the flows that stand near the new one's key, one that is past its deadline; else,
///          of those that are not ASSURED, the oldest of the host with the most half-open flows. An
///          ASSURED flow that lives never goes.
/// Threads  Owned by one worker. The flow may be another worker's: its end is decided by a swap of
///          its life word, and against its owner by one of its status (hosts/host_table.h).
/// Cost     A full look reads nine buckets and the records that they name, some fifty lines.
/// Source   early_drop() of Linux's nf_conntrack_core.c, which takes no account of hosts.

#include "base/clock.h"
#include "flow/flow_table.h"
#include "hosts/host_table.h"
#include "stats/counters.h"

#include <array>
#include <optional>
#include <span>

namespace sluice::nat {

class EarlyDrop {
public:
    EarlyDrop(flow::FlowTable& table, hosts::HostTable& hosts, flow::Member& member,
              stats::Counters& counters)
        : table_(table), hosts_(hosts), member_(member), counters_(counters) {}

    /// Ends a flow so that one of `host`, by the tuple `original`, may open. With `sparing` no flow
    /// of another host goes: then `host` must not be the one with the most half-open flows itself.
    bool make_room(const net::Tuple& original, hosts::HostIndex host, bool sparing, Tick now);

private:
    struct Victim {
        uint32_t index;
        flow::LifeWord life;
        hosts::HostIndex host;
        uint32_t half_open;
        Tick opened;
    };

    bool end_expired(std::span<const flow::FlowRef> near, Tick now);
    std::optional<Victim> choose(std::span<const flow::FlowRef> near, Tick now) const;

    flow::FlowTable& table_;
    hosts::HostTable& hosts_;
    flow::Member& member_;
    stats::Counters& counters_;
    std::optional<hosts::HostIndex> heaviest_;  // whose flow was chosen last
};

}  // namespace sluice::nat
