// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// FlowPaths: by what way the packets of flows leave, where no remembered hop says it.
///
/// Shape    The path of each packet is searched once, by whoever asks first, and stands in
///          Burst::path. The hop that is found is remembered in the flow's record.
/// Threads  Owned by one worker, whose flows they are.
/// Cost     Not paid by a packet whose flow remembers a hop that is in reach.

#include "flow/flow_table.h"
#include "fragment/cutter.h"
#include "link/egress.h"
#include "link/path.h"
#include "worker/burst.h"
#include "worker/forwarding.h"

namespace sluice::worker {

class FlowPaths {
public:
    /// All of these outlive this object.
    struct Parts {
        flow::FlowTable& table;
        const Forwarding& forwarding;
        link::Egress& egress;
        fragment::Cutter& cutter;
    };

    explicit FlowPaths(const Parts& parts) : parts_(parts) {}

    /// The way of packet i's flow in its direction; null where no route leads.
    link::Path* find(Burst& burst, unsigned i) const;
    /// That by which packet i leaves; null where no route leads.
    const link::Exit* exit_of(Burst& burst, unsigned i) const;
    /// The hop that was found for a flow's first packet, i, is that of all that follow it.
    void remember(Burst& burst, unsigned i, const link::Path& path) const;
    /// Sends a translated packet whose flow knows no next hop that is in reach, or that is to be
    /// cut; drops it where no route leads.
    void send(Burst& burst, unsigned i) const;

private:
    Parts parts_;
};

}  // namespace sluice::worker
