// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// IPv6 entry: what comes as IPv6 is made what the stages behind it know, or leaves or ends here.
///
/// Shape    What is plain (nat64/plain.h) is translated first, a burst at once; all else one by
///          one, in its order. A translated frame has found its interface: Burst::placed says so.
/// Units    Counted is what came on the wire, as the IPv6 side's: all of what does not go on; what
///          does has lost some bytes on the way, for who takes up the burst counts the rest.
///          Who watches is told of what ends or goes through here as it came; of what is translated
///          the stages behind tell.
/// Threads  Owned by one worker.
/// Errors   Drops by name; what stays moves up in the burst.

#include "base/clock.h"
#include "link/egress.h"
#include "link/interfaces.h"
#include "nat64/edge.h"
#include "net/side.h"
#include "observe/tap.h"
#include "stats/counters.h"
#include "worker/burst.h"
#include "worker/ipv6_crossing.h"

#include <array>
#include <cstdint>

struct rte_mbuf;

namespace sluice::worker {

class Ipv6Entry {
public:
    /// All of these outlive this object.
    struct Parts {
        nat64::Edge* edge;  ///< Null where IPv6 is not served, and then take() is not called.
        const link::Interfaces& interfaces;
        link::Egress& egress;
        stats::Counters& counters;
        Ipv6Crossing& crossing;
        observe::Tap& tap;
    };

    explicit Ipv6Entry(const Parts& parts) : parts_(parts) {}

    /// A burst that has just been received, of which nothing is known but its port.
    void take(Burst& burst, Tick now);

private:
    /// In the burst: not, as it came, or as IPv4 of the IPv6 side.
    enum class Stay : uint8_t { No, AsItIs, Translated };

    Stay stays(rte_mbuf* mbuf, link::PortIndex port, Tick now);
    stats::InterfaceCounters& of_side(link::PortIndex port) {
        return parts_.counters.interfaces[parts_.interfaces.find(port, link::kIpv6Side)];
    }
    void count_in(const rte_mbuf* mbuf, link::PortIndex port);
    void show(const Burst& burst);
    void tell(const rte_mbuf* mbuf, const nat64::Entered& entered);
    void end(rte_mbuf* mbuf, link::PortIndex port, const nat64::Entered& entered, Tick now);

    Parts parts_;
    // Where somebody watches: the burst as it came, and which packet of it is looked at.
    std::array<const rte_mbuf*, kBurstSize> came_{};
    std::array<uint16_t, kBurstSize> from_{};
    std::array<net::Side, kBurstSize> side_{};
    unsigned at_ = 0;
};

}  // namespace sluice::worker
