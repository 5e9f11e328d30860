// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Handover: packets that have come to another worker than their flow's owner go to that.
///
/// Shape    Asked of a packet whose flow is known, or that is to open one. What is handed over
///          leaves the burst; of a first fragment, what is behind it goes along.
/// Loops    None: what has come for its flow, and belongs elsewhere, is dropped (handoff_loop).
/// Threads  Owned by one worker. A flow's owner is written before the flow is published.

#include "base/clock.h"
#include "flow/flow_table.h"
#include "link/egress.h"
#include "policy/current.h"
#include "worker/burst.h"
#include "worker/fragments.h"

#include <cstdint>

namespace sluice::worker {

class Handover {
public:
    /// All of these outlive this object.
    struct Parts {
        flow::FlowTable& table;
        const policy::Current& policy;
        link::Egress& egress;
        Fragments& fragments;
        uint8_t worker;
    };

    explicit Handover(const Parts& parts) : parts_(parts) {}

    bool is_own(flow::FlowRef flow) const {
        return parts_.table.record(flow).owner == parts_.worker;
    }

    /// Packets of a flow are its owner's. True when that is this worker; packet i has left the
    /// burst otherwise.
    bool bring_home(Burst& burst, unsigned i, Tick now);
    /// Likewise packet i, an ICMP error, of which it is asked only where its flow is written for
    /// it.
    bool bring_error_home(Burst& burst, unsigned i, Tick now);
    void bring_to(Burst& burst, unsigned i, unsigned owner, Tick now);

private:
    Parts parts_;
};

}  // namespace sluice::worker
