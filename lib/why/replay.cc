// SPDX-License-Identifier: BSD-3-Clause
#include "why/replay.h"

#include "conntrack/tcp_tracker.h"
#include "listing/tuple_text.h"
#include "net/parse.h"
#include "stats/drop.h"
#include "why/answer.h"
#include "why/answer_text.h"
#include "why/as_ipv4.h"
#include "why/frame.h"
#include "why/ipv6_packet.h"
#include "why/ipv6_text.h"
#include "worker/segment.h"

#include <rte_ether.h>

#include <cstring>
#include <utility>

namespace sluice::why {
namespace {

using conntrack::Action;
using conntrack::Segment;
using net::Direction;
using std::string;

Told dropped(stats::Drop reason, string numbers = {}) {
    return {{}, "dropped: " + string(stats::drop_name(reason)), reason, std::move(numbers)};
}

Told passed(string verdict) {
    return {{}, std::move(verdict)};
}

/// ", SYN_SENT -> SYN_RECV".
string change_text(net::Protocol protocol, conntrack::ProtocolState before,
                   conntrack::ProtocolState after) {
    const string state = listing::state_text(protocol, after.bits());
    return state.empty() ? ""
                         : ", " + listing::state_text(protocol, before.bits()) + " -> " + state;
}

}  // namespace

bool Replay::Order::operator()(const Key& a, const Key& b) const {
    static_assert(sizeof(Key) == sizeof(net::Tuple) + 2 * sizeof(net::Ipv6Address), "no padding");
    return std::memcmp(&a, &b, sizeof a) < 0;
}

string told_text(const Told& told) {
    return told.packet + ": " + told.verdict + "\n" + told.numbers;
}

Told Replay::tell(std::span<const uint8_t> bytes, Tick now) {
    const Frame frame(bytes);
    return net::ether_type(frame.mbuf()) == RTE_ETHER_TYPE_IPV6 ? tell_ipv6(bytes, now)
                                                                : judge(frame, {}, now);
}

/// By its form as IPv4.
Told Replay::tell_ipv6(std::span<const uint8_t> bytes, Tick now) {
    const auto packet = read_ipv6(bytes);
    AsIpv4 made;
    Told told;
    if (packet && is_discovery(*packet))
        told = passed("neighbour discovery");
    else if (const auto reason = as_ipv4(bytes, made))
        told = dropped(*reason);
    else
        told = judge(Frame(made.frame), {{}, made.source, made.destination}, now);
    told.packet = packet ? packet_text(*packet) : "a frame that is no sound IPv6 packet";
    return told;
}

/// Of an IPv4 frame; `key` has what is not in it.
Told Replay::judge(const Frame& frame, Key key, Tick now) {
    net::Packet packet;
    Answer answer;
    const auto reason = net::parse(frame.mbuf(), packet, key.tuple);
    if (!reason)
        describe(packet, key.tuple, answer.arrival);
    Told told = reason                 ? dropped(*reason)
                : packet.is_icmp_error ? tell_error(key, now)
                : packet.is_fragment   ? passed("not tracked by itself")
                                       : tell(key, worker::segment_of(packet, key.tuple), now);
    told.packet = packet_text(answer);
    return told;
}

Told Replay::tell_error(const Key& key, Tick now) {
    const bool is_known =
        find(key, now) != flows_.end() || find(key.reversed(), now) != flows_.end();
    return is_known ? passed("about a flow") : dropped(stats::Drop::IcmpErrorUnknown);
}

/// The flow whose first packet had this key, unless its time is over.
Replay::Flows::iterator Replay::find(const Key& key, Tick now) {
    const auto found = flows_.find(key);
    if (found == flows_.end() || found->second.deadline.is_after(now))
        return found;
    flows_.erase(found);
    return flows_.end();
}

Told Replay::tell(const Key& key, const Segment& segment, Tick now) {
    if (const auto found = find(key, now); found != flows_.end())
        return track(found, Direction::Original, segment, now);
    if (const auto found = find(key.reversed(), now); found != flows_.end())
        return track(found, Direction::Reply, segment, now);
    return open(key, segment, now);
}

/// Once a second of the capture those that are over make room. Its times may go back.
bool Replay::has_room(Tick now) {
    if (flows_.size() < most_flows_)
        return true;
    if (swept_at_) {
        const Duration since = now - *swept_at_;
        if (!(since < Duration{}) && since < Duration::seconds(1))
            return false;
    }
    swept_at_ = now;
    std::erase_if(flows_, [now](const auto& each) { return !each.second.deadline.is_after(now); });
    return flows_.size() < most_flows_;
}

Told Replay::open(const Key& key, const Segment& segment, Tick now) {
    decltype(Flow::memory) memory{};
    const conntrack::Verdict verdict =
        conntrack::open(tuning_, segment, conntrack::TrackerMemory(memory));
    if (verdict.action == Action::Refuse)
        return dropped(verdict.reason);
    if (!has_room(now))
        return passed("not followed: " + std::to_string(flows_.size()) + " flows live already");
    Flow& flow = flows_[key];
    flow = {verdict.state, verdict.status, now, now + verdict.timeout, memory};
    return passed("opens a flow" + change_text(key.tuple.protocol, {}, verdict.state));
}

Told Replay::track(Flows::iterator found, Direction direction, const Segment& segment, Tick now) {
    Flow& flow = found->second;
    Met met;
    met.direction = direction;
    if (segment.protocol == net::Protocol::Tcp)
        met.ends = reinterpret_cast<const conntrack::TcpTracker&>(flow.memory).ends;
    const conntrack::Verdict verdict =
        conntrack::track(tuning_, {flow.state, flow.status, now - flow.opened, flow.deadline - now},
                         direction, segment, conntrack::TrackerMemory(flow.memory));
    if (verdict.action == Action::Reopen) {
        const Key original = found->first;
        flows_.erase(found);
        return open(direction == Direction::Original ? original : original.reversed(), segment,
                    now);
    }
    const string change = change_text(segment.protocol, flow.state, verdict.state);
    flow.state = verdict.state;
    flow.status = verdict.status;
    if (verdict.refresh)
        flow.deadline = now + verdict.timeout;
    if (verdict.action == Action::Refuse)
        return dropped(verdict.reason, numbers_text(met, {segment, verdict}));
    if (verdict.action == Action::Delete)
        flows_.erase(found);
    return passed((direction == Direction::Original ? "original" : "reply") + change);
}

}  // namespace sluice::why
