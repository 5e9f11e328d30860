// SPDX-License-Identifier: BSD-3-Clause
#include "why/replay.h"

#include "conntrack/tcp_tracker.h"
#include "listing/tuple_text.h"
#include "net/parse.h"
#include "stats/drop.h"
#include "why/answer_text.h"
#include "why/frame.h"
#include "worker/segment.h"

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

bool Replay::Order::operator()(const net::Tuple& a, const net::Tuple& b) const {
    return std::memcmp(&a, &b, sizeof a) < 0;
}

string told_text(const Told& told) {
    return told.packet + ": " + told.verdict + "\n" + told.numbers;
}

Told Replay::tell(std::span<const uint8_t> bytes, Tick now) {
    const Frame frame(bytes);
    net::Packet packet;
    net::Tuple tuple;
    Answer answer;
    const auto reason = net::parse(frame.mbuf(), packet, tuple);
    if (!reason)
        describe(packet, tuple, answer.arrival);
    const string head = packet_text(answer);
    Told told = reason                 ? dropped(*reason)
                : packet.is_icmp_error ? tell_error(tuple, now)
                : packet.is_fragment   ? passed("not tracked by itself")
                                       : tell(answer, worker::segment_of(packet, tuple), now);
    told.packet = head;
    return told;
}

Told Replay::tell_error(const net::Tuple& tuple, Tick now) {
    const bool is_known =
        find(tuple, now) != flows_.end() || find(tuple.reversed(), now) != flows_.end();
    return is_known ? passed("about a flow") : dropped(stats::Drop::IcmpErrorUnknown);
}

/// The flow with this original tuple, unless its time is over.
Replay::Flows::iterator Replay::find(const net::Tuple& tuple, Tick now) {
    const auto found = flows_.find(tuple);
    if (found == flows_.end() || found->second.deadline.is_after(now))
        return found;
    flows_.erase(found);
    return flows_.end();
}

Told Replay::tell(Answer& answer, const Segment& segment, Tick now) {
    const net::Tuple& tuple = answer.arrival.tuple;
    if (const auto found = find(tuple, now); found != flows_.end())
        return track(answer, found, segment, now);
    if (const auto found = find(tuple.reversed(), now); found != flows_.end())
        return track(answer, found, segment, now);
    return open(answer, segment, now);
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

Told Replay::open(const Answer& answer, const Segment& segment, Tick now) {
    decltype(Flow::memory) memory{};
    const conntrack::Verdict verdict =
        conntrack::open(tuning_, segment, conntrack::TrackerMemory(memory));
    if (verdict.action == Action::Refuse)
        return dropped(verdict.reason);
    if (!has_room(now))
        return passed("not followed: " + std::to_string(flows_.size()) + " flows live already");
    const net::Tuple& tuple = answer.arrival.tuple;
    Flow& flow = flows_[tuple];
    flow = {verdict.state, verdict.status, now, now + verdict.timeout, memory};
    return passed("opens a flow" + change_text(tuple.protocol, {}, verdict.state));
}

Told Replay::track(Answer& answer, Flows::iterator found, const Segment& segment, Tick now) {
    const net::Tuple original = found->first;
    Flow& flow = found->second;
    const Direction direction =
        original == answer.arrival.tuple ? Direction::Original : Direction::Reply;
    answer.met = Met{.entry = {.tuple = {original, original.reversed()},
                               .left = flow.deadline - now,
                               .state = flow.state,
                               .status = flow.status},
                     .direction = direction};
    if (segment.protocol == net::Protocol::Tcp)
        answer.met->ends = reinterpret_cast<const conntrack::TcpTracker&>(flow.memory).ends;
    const conntrack::Verdict verdict =
        conntrack::track(tuning_, {flow.state, flow.status, now - flow.opened, flow.deadline - now},
                         direction, segment, conntrack::TrackerMemory(flow.memory));
    if (verdict.action == Action::Reopen) {
        flows_.erase(found);
        return open(answer, segment, now);
    }
    const string change = change_text(segment.protocol, flow.state, verdict.state);
    flow.state = verdict.state;
    flow.status = verdict.status;
    if (verdict.refresh)
        flow.deadline = now + verdict.timeout;
    if (verdict.action == Action::Refuse)
        return dropped(verdict.reason, numbers_text(*answer.met, {segment, verdict}));
    if (verdict.action == Action::Delete)
        flows_.erase(found);
    return passed((direction == Direction::Original ? "original" : "reply") + change);
}

}  // namespace sluice::why
