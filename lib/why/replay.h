// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Replay: what the trackers say of packets that were captured, one after the other, each by what
/// those before it have left.
///
/// Shape    The trackers of the gateway, over flows of its own; no gateway is asked. The packets
///          are those of one side of a NAT, where both directions have the same addresses, of IPv4
///          and of IPv6.
/// Units    Time as it stands in the capture; flows end by it.
/// Threads  Its owner's.
/// Memory   Some 200 bytes for each flow that it has seen, as long as it lives, and kMostFlows at
///          most: a packet that would open one more is told as not followed.
/// Errors   None: what is no sound packet is told as that.

#include "base/clock.h"
#include "conntrack/tracker.h"
#include "net/ipv6.h"
#include "net/tuple.h"
#include "stats/drop.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>

namespace sluice::why {

class Frame;

/// What is told of one packet.
struct Told {
    std::string packet;   ///< "tcp 10.1.0.10:4000 -> 203.0.113.10:80 [S]".
    std::string verdict;  ///< "opens a flow, NONE -> SYN_SENT", "dropped: invalid_window_above".
    std::optional<stats::Drop> drop = {};
    std::string numbers = {};  ///< A line of those of a refused segment, with its line feed.
};

/// A line for the packet, and a second one where there are numbers.
std::string told_text(const Told& told);

class Replay {
public:
    static constexpr size_t kMostFlows = size_t{1} << 20;

    explicit Replay(const conntrack::Tuning& tuning, size_t most_flows = kMostFlows)
        : tuning_(tuning), most_flows_(most_flows) {}

    Told tell(std::span<const uint8_t> frame, Tick now);

private:
    /// By what a packet's flow is known: that of IPv6 has its addresses beside the tuple.
    struct Key {
        net::Tuple tuple;
        net::Ipv6Address source = {};
        net::Ipv6Address destination = {};

        Key reversed() const { return {tuple.reversed(), destination, source}; }
    };
    struct Flow {
        conntrack::ProtocolState state;
        uint8_t status = 0;
        Tick opened;
        Tick deadline;
        alignas(64) std::array<std::byte, conntrack::kTrackerBytes> memory{};
    };
    struct Order {
        bool operator()(const Key& a, const Key& b) const;
    };
    using Flows = std::map<Key, Flow, Order>;  // by that of their first packet

    bool has_room(Tick now);
    Told tell_ipv6(std::span<const uint8_t> frame, Tick now);
    Told judge(const Frame& frame, Key key, Tick now);
    Told tell_error(const Key& key, Tick now);
    Flows::iterator find(const Key& key, Tick now);
    Told tell(const Key& key, const conntrack::Segment& segment, Tick now);
    Told open(const Key& key, const conntrack::Segment& segment, Tick now);
    Told track(Flows::iterator found, net::Direction direction, const conntrack::Segment& segment,
               Tick now);

    conntrack::Tuning tuning_;
    size_t most_flows_;
    std::optional<Tick> swept_at_;
    Flows flows_;
};

}  // namespace sluice::why
