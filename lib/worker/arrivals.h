// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Arrivals: what a packet is when it arrives: the interface that it came by, the side of the NAT,
/// its headers and its tuple.
///
/// Shape    What there is to know of each interface is put together by the policy, and anew where
///          that says otherwise of checksums. A packet that is nothing for this gateway, or broken,
///          has left the burst.
/// Threads  Owned by one worker.

#include "base/clock.h"
#include "io/port.h"
#include "link/egress.h"
#include "link/interfaces.h"
#include "policy/current.h"
#include "stats/counters.h"
#include "worker/arrival.h"
#include "worker/burst.h"
#include "worker/forwarding.h"
#include "worker/local.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace sluice::worker {

/// A port as one worker uses it.
struct PortUse {
    io::Port* port = nullptr;
    std::optional<uint16_t> rx_queue;  ///< Nothing: other workers poll this port.
    uint16_t tx_queue = 0;
};

class Arrivals {
public:
    /// All of these outlive this object.
    struct Parts {
        const link::Interfaces& interfaces;
        const std::vector<PortUse>& ports;  ///< Indexed by link::Interface::port.
        const policy::Current& policy;
        const Forwarding& forwarding;
        Local& local;
        link::Egress& egress;
        stats::Counters& counters;
    };

    explicit Arrivals(const Parts& parts);

    /// The policy is that of this turn.
    void begin_turn() {
        if (parts_.policy->verify != verify_) [[unlikely]]
            learn();
    }
    const std::vector<Arrival>& by_interface() const { return arrivals_; }

    /// Counts a burst that was received, of so many bytes, at the interfaces of its packets.
    void count(const Burst& burst, uint64_t bytes);
    /// Takes the tags off live packets that have some.
    void take_tags(Burst& burst) {
        if (has_tags_[burst.port])
            take_each_tag(burst);
    }
    /// Reads the headers of live packets. ARP goes to the control core.
    void parse(Burst& burst, Tick now);

private:
    void learn();
    void take_each_tag(Burst& burst);
    bool find_interface(Burst& burst, unsigned i);
    bool find_side(Burst& burst, unsigned i, Tick now);

    Parts parts_;
    std::vector<Arrival> arrivals_;  // by interface
    policy::Verify verify_{};        // that they are made for
    std::vector<bool> has_tags_;     // by port: some of its interfaces are VLANs
};

}  // namespace sluice::worker
