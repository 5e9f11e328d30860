// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Answers: what the gateway itself says about a packet: replies to pings, ICMP errors, RSTs, and
/// ACKs that ask back about a RST.
///
/// Shape    An answer goes back to the neighbour that the packet came from (docs/adr/0003), from
///          the gateway's address on that interface. Where that is another gateway of the cluster,
///          which would take it for a packet of a host's, it goes by the route to its receiver.
/// Threads  Owned by one worker; the budgets are shared by all.
/// Memory   An mbuf for each answer, from the packet pool.
/// Errors   Where a budget or the pool has none to give, nothing is said, and that is counted.

#include "answer/budgets.h"
#include "answer/icmp_error.h"
#include "base/clock.h"
#include "conntrack/tcp_tracker.h"
#include "link/egress.h"
#include "policy/current.h"
#include "pool/holdings.h"
#include "stats/counters.h"
#include "worker/burst.h"

#include <cstdint>

struct rte_mbuf;
struct rte_mempool;

namespace sluice::worker {

/// Who learns that a packet goes no further.
enum class Tell : uint8_t { Sender, Nobody };

class Answers {
public:
    /// All of these outlive this object.
    struct Parts {
        const policy::Current& policy;
        answer::Budgets& budgets;
        link::Egress& egress;
        stats::Counters& counters;
        rte_mempool* packets;
        const pool::Holdings* holdings;  ///< Null: there is no cluster.
    };

    explicit Answers(const Parts& parts)
        : policy_(parts.policy),
          budgets_(parts.budgets),
          egress_(parts.egress),
          counters_(parts.counters),
          packets_(parts.packets),
          holdings_(parts.holdings) {}

    /// Packet i is a ping to the gateway itself: it becomes its reply, for the caller to send.
    void turn_ping(Burst& burst, unsigned i);

    /// Drops a packet whose TTL or size does not let it leave by this exit, or that has no link,
    /// and tells its sender. One that may be cut passes, and is marked.
    bool may_leave(Burst& burst, unsigned i, const link::Exit& exit, Tick now,
                   Tell tell = Tell::Sender);

    /// Drops a packet that the trackers refuse, or for whose flow there is no port, and tells an
    /// inside host so with --invalid reject and --on-exhaustion reject. Nobody outside is told
    /// anything: it would show which flows there are.
    void refuse(Burst& burst, unsigned i, stats::Drop reason, Tick now);

    /// Asks the sender of packet i, a RST that is about to be refused, whether it is meant.
    void challenge(const Burst& burst, unsigned i, const conntrack::Question& question, Tick now);

    /// True when an ICMP error may be sent to a host on that side now.
    bool may_send_error(net::Side to, net::InsideAddress destination, Tick now) {
        return budgets_.allow(policy_->rates, answer::Kind::Error, {to, destination}, now);
    }
    /// An mbuf for it; null when the pool has none to give.
    rte_mbuf* allocate_error();

private:
    void send_error(const Burst& burst, unsigned i, answer::IcmpError error, Tick now);
    void send_reset(const Burst& burst, unsigned i, Tick now);
    rte_mbuf* begin(const Burst& burst, unsigned i, answer::Kind kind, Tick now);
    void send(rte_mbuf* answer, const Burst& burst, unsigned i);

    const policy::Current& policy_;
    answer::Budgets& budgets_;
    link::Egress& egress_;
    stats::Counters& counters_;
    rte_mempool* packets_;
    const pool::Holdings* holdings_;
};

}  // namespace sluice::worker
