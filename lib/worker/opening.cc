// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// What happens to a packet that meets no flow, or has come to the wrong worker.

#include "net/gre.h"
#include "net/mac.h"
#include "worker/worker.h"

#include <rte_mbuf.h>

namespace sluice::worker {

using net::Side;
using stats::Drop;

/// Rules do not change within a turn, so it is searched once.
const policy::Rule* Worker::find_rule(Burst& burst, unsigned i) {
    burst.ruled |= uint64_t{1} << i;
    return burst.rule[i] = admission_.rule_of(burst.side[i], burst.tuple[i]);
}

/// Where it may be of a call, a packet of GRE goes by that, if it is known now: those before it in
/// the burst may have begun calls, and ended some.
void Worker::name_call(Burst& burst, unsigned i) {
    const net::Tuple addresses = net::by_addresses(burst.tuple[i]);
    const net::Tuple name = calls_.name(burst.packet[i], addresses, burst.side[i], now_);
    if (name == burst.tuple[i])
        return;
    const uint64_t bit = uint64_t{1} << i;
    burst.tuple[i] = name;
    burst.foreseen &= ~bit;  // what its flow was to be
    burst.flow[i] = shared_.table.find(name, now_);
    const bool is_met =
        burst.flow[i] && belongs(shared_.table.record(burst.flow[i]), burst.flow[i].direction(),
                                 burst.side[i], burst.packet[i]);
    burst.misses = is_met ? burst.misses & ~bit : burst.misses | bit;
}

/// True when packet i may go on: to open a flow, or to be met by one.
bool Worker::admit(Burst& burst, unsigned i) {
    const uint64_t bit = uint64_t{1} << i;
    if ((burst.admitted & bit) != 0)
        return true;
    const policy::Rule* rule = rule_of(burst, i);
    const Admitted admitted =
        (burst.seen & bit) != 0
            ? admission_.admit_by_rule(burst.by_address[i], burst.tuple[i], rule)
            : admission_.admit(burst.side[i], burst.packet[i], burst.tuple[i], rule);
    switch (admitted.path) {
        case Path::Outward:
            burst.outward |= bit;
            burst.admitted |= bit;
            return true;
        case Path::Within:
            burst.within |= bit;
            burst.admitted |= bit;
            return true;
        case Path::Inward:
        case Path::Hairpin:
            burst.admitted |= bit;
            return true;
        case Path::Local:
            if (local_.take_ping(burst, i, now_))
                return false;
            if (tap_.is_on())
                tap_.answer(i);
            answers_.turn_ping(burst, i);
            cutter_.send(burst.take(i), burst.from[i]);  // what came may be larger than the MTU
            return false;
        case Path::Refused:
            break;
    }
    if (admitted.denial != policy::kNone)
        policy_->rules.denials().count(admitted.denial);
    local_.refuse(burst, i, admitted.reason, now_);
    return false;
}

/// Whom packet i, which has no flow, may open one to.
Target Worker::target(Burst& burst, unsigned i) {
    const Path path = burst.within >> i & 1           ? Path::Within
                      : burst.outward >> i & 1        ? Path::Outward
                      : burst.side[i] == Side::Inside ? Path::Hairpin
                                                      : Path::Inward;
    const policy::Rule* rule = path == Path::Inward ? nullptr : rule_of(burst, i);
    Target target = forwarding_.target({path, rule}, burst.tuple[i], now_);
    target.request.ahead = (burst.foreseen >> i & 1) != 0 ? &burst.ahead[i] : nullptr;
    return target;
}

/// Somebody at the interface that packet i came by has its source: the host that answers ARP there,
/// or, behind a router, whoever is reached that way. Drops it otherwise; who is on the link is
/// asked for, so many times a tick that others' punts have room.
bool Worker::is_proven(Burst& burst, unsigned i) {
    constexpr unsigned kAskedPerTick = 4;
    const net::InsideAddress source = burst.tuple[i].inside_source();
    const auto toward = egress_.routes().find(source);
    const bool is_here = toward && toward->interface == burst.from[i];
    if (is_here && toward->address != source.address)
        return true;
    const link::HopIndex index =
        is_here ? shared_.next_hops.find(toward->interface, source.address) : link::kNoHop;
    const link::Hop hop = shared_.next_hops.read(index);
    if (index != link::kNoHop && hop.is_resolved() &&
        hop.mac_bits() == net::source_mac(rte_pktmbuf_mtod(burst.mbuf[i], const void*)))
        return true;
    if (asked_at_ != now_) {
        asked_at_ = now_;
        asked_ = 0;
    }
    if (!is_here || hop.is_resolved() || hop.has_failed() || ++asked_ > kAskedPerTick) {
        drop(burst, i, Drop::StrictSource);
        return false;
    }
    egress_.punt(burst.take(i),
                 {.from = burst.from[i], .punt = link::Punt::Source, .next_hop = source.address});
    return false;
}

/// A packet without a flow opens one, if there is somebody at its other end and it could leave.
void Worker::open_flow(Burst& burst, unsigned i) {
    if (policy_->strict.source && burst.side[i] == Side::Inside && !is_proven(burst, i))
        return;
    const Target target = this->target(burst, i);
    const nat::Request& request = target.request;
    const net::Tuple& tuple = burst.tuple[i];
    if (target.refusal) {
        if (net::is_call(tuple) && has_been_opened(burst, i))
            bring_home(burst, i);
        else
            drop(burst, i, *target.refusal);
        return;
    }
    // A fragment's flow opens at its datagram's home: there the others are.
    if (shared_.spread_flows && !burst.is_at_owner(i) && !burst.is_fragment(i))
        if (const unsigned home = shared_.table.hash(tuple) % shared_.workers; home != params_.id)
            return bring_to(burst, i, home);

    const auto [path, reason] = forwarding_.way_of(target);
    if (!path)
        return drop(burst, i, reason);
    // Nobody outside learns whether a packet without a flow would have opened one.
    const Tell tell = burst.side[i] == Side::Inside ? Tell::Sender : Tell::Nobody;
    if (!answers_.may_leave(burst, i, egress_.exit(path->interface), now_, tell))
        return;

    const nat::Opening opening =
        own_flows_.open(request, burst.segment(i), now_, burst.packet[i].length);
    switch (opening.outcome) {
        case nat::Opening::Outcome::Opened:
            burst.flow[i] = opening.flow;
            burst.fresh |= uint64_t{1} << i;
            for (const uint64_t hash : opening.hashes)
                burst.opened.add(hash);
            if (goes_by(opening.flow, request.uplink))
                return remember(burst, i, *path);
            if (const link::Path* other = path_of(burst, i)) {
                remember(burst, i, *other);
                answers_.may_leave(burst, i, egress_.exit(other->interface), now_, tell);
            }
            return;
        case nat::Opening::Outcome::Existed:
            burst.flow[i] = opening.flow;
            bring_home(burst, i);
            return;
        case nat::Opening::Outcome::Refused:
            if (has_been_opened(burst, i))
                bring_home(burst, i);
            else
                answers_.refuse(burst, i, opening.reason, now_);
            return;
    }
}

/// Another worker has opened the flow of packet i since it was looked for. Where there is but one
/// endpoint for it, that one is taken then, and nothing is inserted that would show it.
bool Worker::has_been_opened(Burst& burst, unsigned i) {
    burst.flow[i] = shared_.table.find(burst.tuple[i], now_);
    return burst.flow[i] && belongs(shared_.table.record(burst.flow[i]), burst.flow[i].direction(),
                                    burst.side[i], burst.packet[i]);
}

/// One of several uplinks is told by the address that the flow has been given, and may be another
/// than the first choice.
bool Worker::goes_by(flow::FlowRef flow, std::optional<link::UplinkId> uplink) const {
    const Be32 source = shared_.table.record(flow).key(net::Direction::Reply).destination;
    return !uplink || policy_->routes.uplinks().of(source) == uplink;
}

/// The hop that was found for a flow's first packet, i, is that of all that follow it.
void Worker::remember(Burst& burst, unsigned i, const link::Path& path) {
    burst.path[i] = path;
    burst.routed |= uint64_t{1} << i;
    const flow::FlowRef flow = burst.flow[i];
    flow::Hops& hops = shared_.table.record(flow).hops;
    hops.generation = path.generation;
    hops.index[index(flow.direction())] = path.hop;
}

/// Packets of a flow are its owner's. True when that is this worker.
bool Worker::bring_home(Burst& burst, unsigned i) {
    const unsigned owner = shared_.table.record(burst.flow[i]).owner;
    if (owner == params_.id)
        return true;
    if (burst.is_at_owner(i))  // the flow died on the way, and was opened anew elsewhere
        drop(burst, i, Drop::HandoffLoop);
    else
        bring_to(burst, i, owner);
    return false;
}

/// With --tcp-strict an error about TCP is held against its flow's numbers, which the owner writes.
/// Of all others any worker may be the one.
bool Worker::bring_error_home(Burst& burst, unsigned i) {
    if (!policy_->tuning.tcp_strict || burst.tuple[i].protocol != net::Protocol::Tcp)
        return true;
    // Those before it in the burst may have opened its flow.
    burst.flow[i] = shared_.table.find(burst.tuple[i], now_);
    return !burst.flow[i] || bring_home(burst, i);
}

void Worker::bring_to(Burst& burst, unsigned i, unsigned owner) {
    egress_.hand_over(burst.take(i), owner, {.from = burst.from[i], .for_flow = true});
    if (burst.leads >> i & 1)
        fragments_.follow_to(owner, burst, i, now_);
}

}  // namespace sluice::worker
