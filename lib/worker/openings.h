// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Openings: what happens to a packet that meets no flow. It is admitted or refused, and opens one
/// if there is somebody at its other end and it could leave.
///
/// Shape    What is to become of it is asked of Admission, Forwarding and nat::OwnFlows, none of
///          which knows packets of a burst; this acts on what they say. A packet that may not go on
///          has left the burst.
/// Once     Its rule, what its addresses admit and its path are searched once and stand in the
///          burst.
/// Threads  Owned by one worker, which owns the flows that it opens.

#include "base/clock.h"
#include "fragment/cutter.h"
#include "link/egress.h"
#include "nat/own_flows.h"
#include "observe/tap.h"
#include "policy/current.h"
#include "worker/admission.h"
#include "worker/answers.h"
#include "worker/burst.h"
#include "worker/flow_paths.h"
#include "worker/forwarding.h"
#include "worker/handover.h"
#include "worker/local.h"
#include "worker/owners.h"
#include "worker/shared.h"

#include <cstdint>
#include <optional>

namespace sluice::worker {

class Openings {
public:
    /// All of these outlive this object.
    struct Parts {
        const Shared& shared;
        const policy::Current& policy;
        const Admission& admission;
        const Forwarding& forwarding;
        nat::OwnFlows& own_flows;
        link::Egress& egress;
        fragment::Cutter& cutter;
        Answers& answers;
        Local& local;
        Handover& handover;
        const FlowPaths& paths;
        Owners& owners;
        observe::Tap& tap;
        uint8_t worker;
    };

    explicit Openings(const Parts& parts) : parts_(parts) {}

    /// Of a burst that was looked up: what opening flows will read is sent for, of those from
    /// inside that have met none.
    void expect(Burst& burst);

    /// Looks packet i's flow up again, unless it had none and no packet before it has opened it
    /// (what another worker opens, shows when this one is to be opened); without one it opens one,
    /// or is dropped. True when it is still to be tracked.
    bool meet(Burst& burst, unsigned i, Tick now);

    /// Packet i, which has no flow, opens one, or leaves the burst.
    void open(Burst& burst, unsigned i, Tick now) {
        if (admit(burst, i, now))
            open_admitted(burst, i, now);
    }

private:
    const policy::Rule* rule_of(Burst& burst, unsigned i) {
        return (burst.ruled >> i & 1) != 0 ? burst.rule[i] : find_rule(burst, i);
    }
    const policy::Rule* find_rule(Burst& burst, unsigned i);
    bool admit(Burst& burst, unsigned i, Tick now);
    void answer_ping(Burst& burst, unsigned i);
    void open_admitted(Burst& burst, unsigned i, Tick now);
    Target target(Burst& burst, unsigned i, Tick now);
    bool is_proven(Burst& burst, unsigned i, Tick now);
    bool goes_to_owner(Burst& burst, unsigned i, const Target& target, Tick now);
    void commit(Burst& burst, unsigned i, const nat::Request& request, const link::Path& path,
                Tick now);
    bool has_been_opened(Burst& burst, unsigned i, Tick now);
    bool goes_by(flow::FlowRef flow, std::optional<link::UplinkId> uplink) const;
    void drop(Burst& burst, unsigned i, stats::Drop reason) {
        parts_.egress.drop(burst.take(i), reason);
    }

    Parts parts_;
    Tick asked_at_;  // when strangers were last asked for, and how many: --strict-source
    unsigned asked_ = 0;
};

}  // namespace sluice::worker
