// SPDX-License-Identifier: BSD-3-Clause
#include "state/soundness.h"

#include "conntrack/sctp_state.h"
#include "conntrack/status.h"
#include "conntrack/tcp_tracker.h"
#include "net/side.h"
#include "net/tuple.h"

#include <cstring>

namespace sluice::state {
namespace {

using flow::FlowRecord;
using flow::Kind;
using net::Direction;
using net::Protocol;
using net::Side;
using net::Tuple;

constexpr uint8_t kStatusBits = conntrack::kSeenReply | conntrack::kAssured | conntrack::kEnded |
                                conntrack::kRelated | conntrack::kHelped | conntrack::kCorrected |
                                conntrack::kCalls;
constexpr uint8_t kHolderBits = 31;  // nat/holders.h: kRests to kOutlived
constexpr uint8_t kMostScale = 14;   // RFC 7323 §2.3

constexpr Be32 kNobody{};
constexpr Be16 kNoPort{};

bool is_protocol_state(Protocol protocol, uint8_t state) {
    switch (protocol) {
        case Protocol::Tcp:
            return state != index(conntrack::TcpState::None) && state < conntrack::kTcpStateCount;
        case Protocol::Sctp:
            return state != index(conntrack::SctpState::None) && state < conntrack::kSctpStateCount;
        default:
            return state == 0;
    }
}

/// Of SCTP's tags any value is one.
bool is_tracker(const FlowRecord& record) {
    if (record.tuple[0].protocol != Protocol::Tcp)
        return true;
    conntrack::TcpTracker tracker;
    std::memcpy(&tracker, record.tracker.data(), sizeof tracker);
    return tracker.ends[0].scale <= kMostScale && tracker.ends[1].scale <= kMostScale &&
           tracker.offered_scale <= kMostScale &&
           index(tracker.last_segment) < conntrack::kSegmentClassCount &&
           index(tracker.last_direction) <= index(Direction::Reply);
}

bool is_time(const FlowRecord& record, Tick now) {
    const Duration left = record.deadline.load(std::memory_order_relaxed) - now;
    return left <= kLongestTimeout;
}

/// A packet of an address alone has no ports; of an ICMP query type and code are the same in its
/// answer.
bool are_ports(const Tuple& original, const Tuple& reply) {
    if (net::is_by_address(original.protocol))
        return original.source_port == kNoPort && original.destination_port == kNoPort &&
               reply.source_port == kNoPort && reply.destination_port == kNoPort;
    return original.protocol != Protocol::Icmp || original.destination_port == reply.source_port;
}

/// The ends of a flow that lie outside are the same in both tuples, for only what is inside is
/// translated; and a zone is of an inside end.
bool are_ends(const Tuple& original, const Tuple& reply, net::Sides sides) {
    const bool from_outside = sides.enter(Direction::Original) == Side::Outside;
    const bool to_outside = sides.leave(Direction::Original) == Side::Outside;
    if (from_outside && to_outside)
        return false;
    if (from_outside && (original.source != reply.destination ||
                         original.source_port != reply.destination_port || original.zone != 0))
        return false;
    if (to_outside && (original.destination != reply.source ||
                       original.destination_port != reply.source_port || reply.zone != 0))
        return false;
    return true;
}

bool are_alike(const Tuple& one, const Tuple& other) {
    return one.kind == other.kind && one.protocol == other.protocol && one.zone < net::kZones &&
           other.zone < net::kZones;
}

bool are_addresses(const Tuple& tuple) {
    return tuple.source != kNobody && tuple.destination != kNobody;
}

}  // namespace

bool is_sound_flow(const FlowRecord& record, Tick now) {
    const auto& [original, reply] = record.tuple;
    // relaxed: nobody changes it.
    const uint8_t status = record.status.load(std::memory_order_relaxed);
    return record.kind() == Kind::Flow && are_alike(original, reply) && are_addresses(original) &&
           are_addresses(reply) && are_ports(original, reply) &&
           are_ends(original, reply, record.sides) && (status & ~kStatusBits) == 0 &&
           is_protocol_state(original.protocol, record.state.load(std::memory_order_relaxed)) &&
           is_tracker(record) && is_time(record, now);
}

bool is_sound_holder(const FlowRecord& record) {
    const auto& [original, reply] = record.tuple;
    const uint8_t state = record.state.load(std::memory_order_relaxed);
    if (!are_alike(original, reply) || (state & ~kHolderBits) != 0 || reply.zone != 0)
        return false;
    const bool has_remote =
        original.destination == reply.source && original.destination_port == reply.source_port;
    const bool is_for_nobody =
        original.destination == kNobody && original.destination_port == kNoPort && has_remote;
    switch (record.kind()) {
        case Kind::Mapping:
            return is_for_nobody && original.source != kNobody && reply.destination != kNobody;
        case Kind::Contact:
            return has_remote && are_addresses(original) && are_addresses(reply);
        case Kind::Block:
            return is_for_nobody && original.source != kNobody && reply.destination != kNobody &&
                   original.protocol == Protocol{};
        case Kind::Expectation:  // of flows by their index
        case Kind::Flow:
            break;
    }
    return false;
}

}  // namespace sluice::state
