// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Early drop: which record goes when the table is full, or what is to be had toward a server is
/// taken, and a new flow wants in.
///
/// Shape    Of the records that stand near the new one's key, a flow that is past its deadline;
///          else the first of these that there is:
///          1. of the flows that nobody has answered, the oldest of the host that has the most,
///             where that is more than its share (kMostShare): a host that floods pays for it;
///          2. the stalest of all other flows that are not ASSURED, and of the mappings and
///             contacts that no flow hangs on and none was answered by. Ages are weighed: a flow
///             that has been answered lasts 16 times as long as one of a stranger, a host that
///             nobody has answered yet, and an unanswered one of a host that has been, 4 times.
///             So with as many sources as somebody likes to forge he pushes out his own first;
///          3. the oldest of the other mappings and contacts that no flow hangs on.
///          An ASSURED flow that lives never goes. What outside hosts open is a stranger's.
///          Where no port is free toward a server, the first of these of those who hold some of
///          them goes, unless it has been answered. For a host above its share none goes but of
///          such hosts. Without ports there is one place for all, of which a host keeps what it
///          waits by: it goes if nobody has ever answered the host, after two seconds.
/// Threads  Owned by one worker. The flow may be another worker's: its end is decided by a swap of
///          its life word, and against its owner by one of its status (hosts/host_table.h).
/// Cost     A full look reads nine buckets and the records that they name, some fifty lines; one at
///          keys of replies looks each of them up.
/// Source   early_drop() of Linux's nf_conntrack_core.c, which takes no account of hosts.

#include "base/clock.h"
#include "flow/flow_table.h"
#include "hosts/host_table.h"
#include "hosts/quotas.h"
#include "policy/holder_params.h"
#include "stats/counters.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>

namespace sluice::nat {

inline constexpr unsigned kNearBuckets = 8;  ///< From a key's own on; its other one comes on top.
inline constexpr unsigned kMostNear = (kNearBuckets + 1) * flow::kSlots;

/// So many unanswered flows are any host's share of a table, if that is not too small for them.
inline constexpr uint32_t kMostShare = 256;

class EarlyDrop {
public:
    EarlyDrop(flow::FlowTable& table, hosts::HostTable& hosts, flow::Member& member,
              stats::Counters& counters)
        : table_(table),
          hosts_(hosts),
          member_(member),
          counters_(counters),
          share_(std::clamp(table.capacity() / 16, 8U, kMostShare)) {}

    /// Ends a record so that a flow of `host`, by the tuple `original`, may open. With `sparing` no
    /// flow of another host goes for one that has more than its share, and none for another of the
    /// same.
    bool make_room(const net::Tuple& original, hosts::HostIndex host, bool sparing, Tick now);
    /// Ends a flow that an outside host has opened, by a door (any, for kNoDoor), so that another
    /// one by the tuple `original` may be counted in its place: the stalest that is not ASSURED.
    bool replace_inward(const net::Tuple& original, uint16_t door, const hosts::Quotas& quotas,
                        Tick now);
    /// One of these keys of replies that nobody holds: by now, or because a flow from inside, or a
    /// mapping, that nobody has answered has been ended for a flow of `host`. A mapping that rests
    /// keeps its port (RFC 6888 §4).
    std::optional<net::Tuple> free_one(std::span<const net::Tuple> keys, hosts::HostIndex host,
                                       const policy::HolderParams& holders, Tick now);

private:
    /// Why one goes before another: the greater tier first, then the greater weight.
    struct Rank {
        uint8_t tier = 0;
        uint32_t half_open = 0;
        uint64_t staleness = 0;
        auto operator<=>(const Rank&) const = default;
    };
    struct Victim {
        uint32_t index;
        flow::LifeWord life;
        hosts::HostIndex host;  ///< Of a flow.
        uint8_t protecting;     ///< Status bits that save it from now on; 0 for what is no flow.
        Rank rank;
    };

    bool is_above_share(hosts::HostIndex host) const {
        return hosts_.standing_of(host).half_open > share_;
    }
    std::span<const flow::FlowRef> near(const net::Tuple& original, Tick now);
    bool end(const Victim& victim);
    bool end_expired(std::span<const flow::FlowRef> near, Tick now);
    std::optional<Victim> choose(std::span<const flow::FlowRef> near, Tick now) const;
    std::optional<Victim> judge(uint32_t index, Tick now) const;
    std::optional<Victim> judge_holder(flow::FlowRef holder, const policy::HolderParams& holders,
                                       Tick now) const;
    void judge_flow(const flow::FlowRecord& record, uint32_t age, Victim& victim) const;

    flow::FlowTable& table_;
    hosts::HostTable& hosts_;
    flow::Member& member_;
    stats::Counters& counters_;
    uint32_t share_;
    std::array<flow::FlowRef, kMostNear> near_;
};

}  // namespace sluice::nat
