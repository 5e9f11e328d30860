// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Fragments, off the straight way: those of a datagram go where its first one goes.
///
/// Home     A later fragment tells nothing of its flow, so all fragments of a datagram go to one
///          worker first, its home, by the keyed hash of what they have in common. There the first
///          one looks up or opens the flow as any packet does. If another worker owns the flow, all
///          of them go on there, the first one before the others, as rings keep order; and the
///          owner does the same again, but for the choice of a home and for admission. So a refused
///          first fragment takes the others with it, wherever it is tracked.
/// Loops    None: a packet is handed over to its datagram's home only by who received it, and to
///          its flow's owner only by who received it or is its home (Note::for_flow). What came for
///          its flow and is not at home is dropped (handoff_loop), whole or in fragments.
/// TCP      The tracker wants to know how long a segment is, so its first fragment waits for the
///          last one. All else passes at once.
/// Threads  Owned by one worker.

#include "base/clock.h"
#include "fragment/cutter.h"
#include "fragment/partitions.h"
#include "link/egress.h"
#include "stats/counters.h"
#include "worker/admission.h"
#include "worker/burst.h"
#include "worker/forwarding.h"
#include "worker/local.h"
#include "worker/shared.h"

#include <cstdint>

struct rte_mbuf;

namespace sluice::worker {

class Fragments : private fragment::Discards {
public:
    /// All of these outlive this object.
    struct Parts {
        const Shared& shared;
        const policy::Current& policy;
        const Admission& admission;
        const Forwarding& forwarding;
        Local& local;
        link::Egress& egress;
        fragment::Cutter& cutter;
        stats::Counters& counters;
        observe::Tap& tap;
        uint8_t worker;
    };

    explicit Fragments(const Parts& parts);

    /// All but the first fragment of each datagram leave the burst.
    void reassemble(Burst& burst, Tick now);

    /// What is behind a first fragment that was handed to its flow's owner goes there too.
    void follow_to(unsigned owner, Burst& burst, unsigned i, Tick now);

    /// Sends packet i, a first fragment whose TTL and size allow it, by that path as it is, and
    /// what is behind it after it, to the gateway that has its public address.
    void pass_on(Burst& burst, unsigned i, const link::Path& path, Tick now);

    /// Sends the first fragments that are translated, by the paths that the burst has of them, and
    /// what waits for them. What follows one that did not get here is dropped.
    void depart(Burst& burst, Tick now);

    /// Drops what has waited too long; once a turn.
    void expire(Tick now);
    /// Drops all that waits.
    void clear(stats::Drop reason);

private:
    void take(Burst& burst, unsigned i, Tick now);
    bool admit(Burst& burst, unsigned i, const fragment::Fragment& fragment, Tick now);
    void lead(Burst& burst, unsigned i, const fragment::Arrival& arrival, Tick now);
    void answer_ping(Burst& burst, unsigned i, Tick now);
    void send_first(Burst& burst, unsigned i, const fragment::Way& way, Tick now);
    void lead_out(Burst& burst, unsigned i, Tick now);
    void follow(rte_mbuf* mbuf, link::InterfaceId from, fragment::Index datagram);
    void count(const fragment::Way& way, const net::Packet& later);
    void discard(rte_mbuf* packet, stats::Drop reason) override;

    Parts parts_;
    fragment::Partitions datagrams_;
};

}  // namespace sluice::worker
