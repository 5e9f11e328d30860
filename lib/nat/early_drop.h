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
///          waits by: it goes if nobody has ever answered the host, after two seconds. A mapping by
///          which nobody has been answered goes as a flow of its host would, with those that go by
///          it, if these are kMostNamed at most (nat/dependents.h).
/// Threads  Owned by one worker. The flow may be another worker's: its end is decided by a swap of
///          its life word, and against its owner by one of its status (hosts/host_table.h).
/// Cost     A full look reads nine buckets and the records that they name, some fifty lines; one at
///          keys of replies looks each of them up.
/// Source   early_drop() of Linux's nf_conntrack_core.c, which takes no account of hosts.

#include "base/clock.h"
#include "flow/flow_table.h"
#include "hosts/host_table.h"
#include "hosts/quotas.h"
#include "nat/ranking.h"
#include "policy/holder_params.h"
#include "stats/counters.h"

#include <optional>
#include <span>

namespace sluice::nat {

class EarlyDrop {
public:
    EarlyDrop(flow::FlowTable& table, hosts::HostTable& hosts, flow::Member& member,
              stats::Counters& counters)
        : table_(table),
          hosts_(hosts),
          member_(member),
          counters_(counters),
          ranking_(table, hosts) {}

    /// Ends a record so that a flow of `host`, by the tuple `original`, may open. With `sparing` no
    /// flow of another host goes for one that has more than its share, and none for another of the
    /// same.
    bool make_room(const net::Tuple& original, hosts::HostIndex host, bool sparing, Tick now);
    /// Ends a flow of those that use up a limit (hosts::used_up()), so that another one by the
    /// tuple `original` may be counted in its place: the stalest that is not ASSURED.
    bool replace_counted(const net::Tuple& original, const hosts::UsedUp& what,
                         const hosts::Quotas& quotas, Tick now);
    /// One of these keys of replies that nobody holds: by now, or because a flow from inside, or a
    /// mapping, that nobody has answered has been ended for a flow of `host`. A mapping that rests
    /// keeps its port (RFC 6888 §4).
    std::optional<net::Tuple> free_one(std::span<const net::Tuple> keys, hosts::HostIndex host,
                                       const policy::HolderParams& holders, Tick now);

private:
    bool end(const Victim& victim);
    bool end_flow(uint32_t index, flow::LifeWord life, uint8_t protecting);
    bool end_holder(uint32_t index, flow::LifeWord life, bool has_dependents);
    bool end_dependents(uint32_t holder);
    bool end_expired(std::span<const flow::FlowRef> near, Tick now);

    flow::FlowTable& table_;
    hosts::HostTable& hosts_;
    flow::Member& member_;
    stats::Counters& counters_;
    Ranking ranking_;
};

}  // namespace sluice::nat
