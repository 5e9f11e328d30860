// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Tracking: a packet and its flow. The flows of a burst are looked up together; then its packets
/// are tracked one after the other, each by what those before it have left.
///
/// Shape    Three stages: lookup(), track(), help(). What a packet meets there, a standing flow, a
///          new one, another worker's, none, is decided by others; this asks them in turn.
/// Threads  Owned by one worker.

#include "base/clock.h"
#include "flow/flow_table.h"
#include "helper/helped.h"
#include "link/egress.h"
#include "nat/calls.h"
#include "nat/own_flows.h"
#include "net/tuple.h"
#include "observe/tap.h"
#include "policy/current.h"
#include "stats/counters.h"
#include "worker/answers.h"
#include "worker/burst.h"
#include "worker/handover.h"
#include "worker/helping.h"
#include "worker/icmp_relay.h"
#include "worker/openings.h"
#include "worker/owners.h"
#include "worker/tenure.h"

namespace sluice::worker {

class Tracking {
public:
    /// All of these outlive this object.
    struct Parts {
        flow::FlowTable& table;
        const policy::Current& policy;
        nat::OwnFlows& own_flows;
        Tenure& tenure;
        Handover& handover;
        Openings& openings;
        Owners& owners;
        IcmpRelay& icmp_relay;
        Answers& answers;
        link::Egress& egress;
        stats::Counters& counters;
        observe::Tap& tap;
        helper::Helped* helpers;  ///< Null: no flow is helped.
    };

    explicit Tracking(const Parts& parts)
        : parts_(parts),
          helping_({parts.table, parts.policy, parts.own_flows.foretelling(), parts.counters,
                    parts.helpers}),
          calls_(parts.table, parts.helpers) {}

    /// Finds the flows of a burst, and which packets have met none.
    void lookup(Burst& burst, Tick now);
    void track(Burst& burst, Tick now) {
        parts_.tap.is_on() ? track_watched(burst, now) : track_all(burst, now);
    }
    /// Of flows that foretell others: before the packet is held against the MTU, for it may grow.
    void help(Burst& burst, Tick now);

private:
    void track_all(Burst& burst, Tick now);
    void track_watched(Burst& burst, Tick now);
    template <bool kCounts>
    void track_each(Burst& burst, Tick now);
    template <bool kCounts>
    void track_one(Burst& burst, unsigned i, Tick now);
    bool may_be_call(const Burst& burst, unsigned i) const {
        return helping_.is_on() && burst.tuple[i].protocol == net::Protocol::Gre &&
               (burst.errors >> i & 1) == 0;
    }
    void name_call(Burst& burst, unsigned i, Tick now);

    Parts parts_;
    Helping helping_;
    nat::Calls calls_;
};

}  // namespace sluice::worker
