// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Departure: the way out of packets whose flows are known, and which may go on.
///
/// Shape    Five stages, from check() to resolve(), each over the live packets of a burst. What has
///          gone the fast path behind one of them is sent behind it.
/// Threads  Owned by one worker, whose flows they are.

#include "base/clock.h"
#include "flow/flow_table.h"
#include "link/egress.h"
#include "observe/tap.h"
#include "policy/current.h"
#include "stats/counters.h"
#include "worker/answers.h"
#include "worker/burst.h"
#include "worker/flow_paths.h"
#include "worker/fragments.h"

namespace sluice::worker {

class Departure {
public:
    /// All of these outlive this object.
    struct Parts {
        flow::FlowTable& table;
        const policy::Current& policy;
        const FlowPaths& paths;
        Fragments& fragments;
        Answers& answers;
        link::Egress& egress;
        stats::Counters& counters;
        observe::Tap& tap;
    };

    explicit Departure(const Parts& parts) : parts_(parts) {}

    /// Drops what its TTL or size does not let leave, and says so to its sender.
    void check(Burst& burst, Tick now);
    void translate(Burst& burst);
    void clamp_mss(Burst& burst);
    void depart(Burst& burst, Tick now);
    void resolve(Burst& burst);

private:
    Parts parts_;
};

}  // namespace sluice::worker
