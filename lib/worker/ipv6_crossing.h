// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// IPv6 crossing: passes on what stays IPv6, or says to its sender why not.
///
/// Shape    A packet goes to the neighbour that nat64::Way names, by the path of its number; so it
///          waits for an unresolved one, and ends by one that does not answer, as IPv4 does. An
///          error goes back to the neighbour that the packet came from.
/// Threads  Owned by one worker; the budgets are shared by all.
/// Memory   An mbuf for each error, from the packet pool.
/// Errors   Drops by name. Where a budget or the pool has none to give, nothing is said, and that
///          is counted.
/// Source   RFC 8200 §3, RFC 4443 §3 (errors of routers), RFC 6296 §3.2 (of an address that cannot
///          be mapped).

#include "answer/budgets.h"
#include "base/clock.h"
#include "link/egress.h"
#include "link/interfaces.h"
#include "nat64/edge.h"
#include "nat64/icmpv6_answers.h"
#include "nat64/to_ipv6.h"
#include "policy/current.h"
#include "stats/counters.h"
#include "stats/drop.h"

#include <cstddef>
#include <optional>

struct rte_mbuf;
struct rte_mempool;

namespace sluice::worker {

/// Why a packet does not leave, and what its sender is told.
struct CrossingRefusal {
    stats::Drop reason;
    nat64::Icmpv6Error error;
};

/// Of a packet that goes that way, by this exit of an IPv6 side.
std::optional<CrossingRefusal> refuse_crossing(const nat64::Way& way, const link::Exit& exit);

/// What the sender is told of a packet that nat64::Edge::enter() drops: that there is no way; of
/// other reasons nothing.
std::optional<nat64::Icmpv6Error> error_about(stats::Drop reason);

/// The MTU of IPv6 by such an exit, whose own is that of what is yet to grow.
constexpr size_t ipv6_mtu(const link::Exit& exit) {
    return size_t{exit.mtu} + nat64::kGrowth;
}

class Ipv6Crossing {
public:
    /// All of these outlive this object. `edge` is null where IPv6 is not served, and then nothing
    /// is called.
    struct Parts {
        nat64::Edge* edge;
        const link::Interfaces& interfaces;
        const policy::Current& policy;
        answer::Budgets& budgets;
        link::Egress& egress;
        stats::Counters& counters;
        rte_mempool* packets;
    };

    explicit Ipv6Crossing(const Parts& parts) : parts_(parts) {}

    /// The packet of Edge::way().
    void pass_on(rte_mbuf* mbuf, Tick now);
    /// Drops what Edge::enter() does not let cross, and tells the sender where there is no way.
    void refuse(rte_mbuf* mbuf, stats::Drop reason, Tick now);
    /// Tells the sender of what has crossed that its next hop does not answer; the packet, which
    /// is as it came then, is the caller's to drop.
    void tell_unreachable(rte_mbuf* mbuf, Tick now);

private:
    void refuse(rte_mbuf* mbuf, stats::Drop reason, const nat64::Icmpv6Error& error, Tick now);
    rte_mbuf* error_about(const rte_mbuf* mbuf, const nat64::Icmpv6Error& error, Tick now);

    Parts parts_;
};

}  // namespace sluice::worker
