// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// IPv6 entry: what comes as IPv6 is made what the stages behind it know, or ends here.
///
/// Shape    A translated frame has the tag of its port's IPv6 side (link::kIpv6Side) in its mbuf's
///          fields, so that it finds its interface as frames of VLANs do.
/// Threads  Owned by one worker.
/// Errors   Drops by name; what stays moves up in the burst.

#include "base/clock.h"
#include "link/egress.h"
#include "link/interfaces.h"
#include "nat64/edge.h"
#include "stats/counters.h"
#include "worker/burst.h"

struct rte_mbuf;

namespace sluice::worker {

class Ipv6Entry {
public:
    /// `edge` is null where IPv6 is not served, and then take() is not called.
    Ipv6Entry(nat64::Edge* edge, const link::Interfaces& interfaces, link::Egress& egress,
              stats::Counters& counters)
        : edge_(edge), interfaces_(interfaces), egress_(egress), counters_(counters) {}

    /// A burst that has just been received, of which nothing is known but its port.
    void take(Burst& burst, Tick now);

private:
    bool stays(rte_mbuf* mbuf, link::PortIndex port, Tick now);
    void end(rte_mbuf* mbuf, link::PortIndex port, const nat64::Entered& entered);

    nat64::Edge* edge_;
    const link::Interfaces& interfaces_;
    link::Egress& egress_;
    stats::Counters& counters_;
};

}  // namespace sluice::worker
