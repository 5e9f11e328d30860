// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Relay of ICMP errors about packets which the gateway has translated: those that others send,
/// and its own when a next hop does not answer.
///
/// Rule     An error neither refreshes its flow nor steps it, so any worker may translate it. Only
///          with --tcp-strict one about TCP is its owner's, whose the flow's numbers are.
/// Threads  Owned by one worker.
/// Source   RFC 5508 §4; RFC 5927 §4.1; nf_conntrack_inet_error() of Linux.

#include "base/clock.h"
#include "flow/flow_table.h"
#include "fragment/cutter.h"
#include "link/egress.h"
#include "net/packet.h"
#include "stats/counters.h"
#include "worker/admission.h"
#include "worker/answers.h"
#include "worker/burst.h"
#include "worker/forwarding.h"
#include "worker/ipv6_crossing.h"
#include "worker/local.h"
#include "worker/owners.h"

struct rte_mbuf;

namespace sluice::worker {

class IcmpRelay {
public:
    /// All of these outlive this object.
    struct Parts {
        flow::FlowTable& table;
        const policy::Current& policy;
        const Forwarding& forwarding;
        link::Egress& egress;
        fragment::Cutter& cutter;
        Answers& answers;
        Local& local;
        const Admission& admission;
        Owners& owners;
        Ipv6Crossing& ipv6;
        stats::Counters& counters;
        observe::Tap& tap;
    };

    explicit IcmpRelay(const Parts& parts) : parts_(parts) {}

    /// Translates packet i, an error, and sends it on, or drops it.
    void relay(Burst& burst, unsigned i, Tick now);

    /// Drops the translated packets whose next hop does not answer ARP, and tells their senders.
    void drop_unreachable(Tick now);

private:
    bool goes_to_owner(Burst& burst, unsigned i, Tick now);
    void tell(rte_mbuf* mbuf, Tick now);
    uint16_t zone_beyond(rte_mbuf* mbuf) const;
    bool write(rte_mbuf* error, const net::Packet& about, uint16_t zone, Tick now);

    Parts parts_;
};

}  // namespace sluice::worker
