// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Replay: what the trackers say of packets that were captured, one after the other, each by what
/// those before it have left.
///
/// Shape    The trackers of the gateway, over flows of its own; no gateway is asked. The packets
/// are
///          those of one side of a NAT, where both directions have the same addresses.
/// Units    Time as it stands in the capture; flows end by it.
/// Threads  Its owner's.
/// Memory   Some 200 bytes for each flow that it has seen, as long as it lives.
/// Errors   None: what is no sound packet is told as that.

#include "base/clock.h"
#include "conntrack/tracker.h"
#include "net/tuple.h"
#include "why/answer.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>

namespace sluice::why {

class Replay {
public:
    explicit Replay(const conntrack::Tuning& tuning) : tuning_(tuning) {}

    /// One line for the packet, with a second one for the numbers of a refused segment.
    std::string tell(std::span<const uint8_t> frame, Tick now);

private:
    struct Flow {
        conntrack::ProtocolState state;
        uint8_t status = 0;
        Tick opened;
        Tick deadline;
        alignas(64) std::array<std::byte, conntrack::kTrackerBytes> memory{};
    };
    struct Order {
        bool operator()(const net::Tuple& a, const net::Tuple& b) const;
    };
    using Flows = std::map<net::Tuple, Flow, Order>;  // by their original tuple

    Flows::iterator find(const net::Tuple& tuple, Tick now);
    std::string tell(Answer& answer, const conntrack::Segment& segment, Tick now);
    std::string open(const Answer& answer, const conntrack::Segment& segment, Tick now);
    std::string track(Answer& answer, Flows::iterator found, const conntrack::Segment& segment,
                      Tick now);

    conntrack::Tuning tuning_;
    Flows flows_;
};

}  // namespace sluice::why
