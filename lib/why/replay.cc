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

namespace sluice::why {
namespace {

using conntrack::Action;
using conntrack::Segment;
using net::Direction;
using std::string;

string dropped(stats::Drop reason) {
    return "dropped: " + string(stats::drop_name(reason)) + "\n";
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

string Replay::tell(std::span<const uint8_t> bytes, Tick now) {
    const Frame frame(bytes);
    net::Packet packet;
    net::Tuple tuple;
    Answer answer;
    const auto reason = net::parse(frame.mbuf(), packet, tuple);
    if (!reason)
        describe(packet, tuple, answer.arrival);
    const string head = packet_text(answer) + ": ";
    if (reason)
        return head + dropped(*reason);
    if (packet.is_icmp_error)
        return head +
               (find(tuple, now) == flows_.end() && find(tuple.reversed(), now) == flows_.end()
                    ? dropped(stats::Drop::IcmpErrorUnknown)
                    : "about a flow\n");
    if (packet.is_fragment)
        return head + "not tracked by itself\n";
    return head + tell(answer, worker::segment_of(packet, tuple), now);
}

/// The flow with this original tuple, unless its time is over.
Replay::Flows::iterator Replay::find(const net::Tuple& tuple, Tick now) {
    const auto found = flows_.find(tuple);
    if (found == flows_.end() || found->second.deadline.is_after(now))
        return found;
    flows_.erase(found);
    return flows_.end();
}

string Replay::tell(Answer& answer, const Segment& segment, Tick now) {
    const net::Tuple& tuple = answer.arrival.tuple;
    if (const auto found = find(tuple, now); found != flows_.end())
        return track(answer, found, segment, now);
    if (const auto found = find(tuple.reversed(), now); found != flows_.end())
        return track(answer, found, segment, now);
    return open(answer, segment, now);
}

string Replay::open(const Answer& answer, const Segment& segment, Tick now) {
    const conntrack::Verdict verdict = conntrack::open(tuning_, segment);
    if (verdict.action == Action::Refuse)
        return dropped(verdict.reason);
    const net::Tuple& tuple = answer.arrival.tuple;
    Flow& flow = flows_[tuple];
    flow = {verdict.state, verdict.status, now, now + verdict.timeout, {}};
    conntrack::begin(tuning_, segment, conntrack::TrackerMemory(flow.memory));
    return "opens a flow" + change_text(tuple.protocol, {}, verdict.state) + "\n";
}

string Replay::track(Answer& answer, Flows::iterator found, const Segment& segment, Tick now) {
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
        return dropped(verdict.reason) + numbers_text(*answer.met, {segment, verdict});
    if (verdict.action == Action::Delete)
        flows_.erase(found);
    return (direction == Direction::Original ? "original" : "reply") + change + "\n";
}

}  // namespace sluice::why
