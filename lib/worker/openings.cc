// SPDX-License-Identifier: BSD-3-Clause
#include "worker/openings.h"

#include "net/gre.h"
#include "net/mac.h"

#include <rte_mbuf.h>

#include <array>
#include <bit>
#include <span>

namespace sluice::worker {

using net::Side;
using stats::Drop;

namespace {

/// Nobody outside learns whether a packet without a flow would have opened one.
Tell tell_of(const Burst& burst, unsigned i) {
    return burst.side[i] == Side::Inside ? Tell::Sender : Tell::Nobody;
}

}  // namespace

/// Rules do not change within a turn, so it is searched once.
const policy::Rule* Openings::find_rule(Burst& burst, unsigned i) {
    burst.ruled |= uint64_t{1} << i;
    return burst.rule[i] = parts_.admission.rule_of(burst.side[i], burst.tuple[i]);
}

/// What they read is on its way when their turn comes.
void Openings::expect(Burst& burst) {
    burst.foreseen = 0;
    if (burst.misses == 0)
        return;
    const SetBits misses{burst.live & burst.misses};
    parts_.own_flows.prepare(static_cast<unsigned>(std::popcount(misses.bits)));
    std::array<net::Tuple, kBurstSize> replies;
    std::array<uint64_t, kBurstSize> hashes;
    unsigned count = 0;
    for (unsigned i : misses) {
        const net::Tuple& tuple = burst.tuple[i];
        const policy::Rule* rule = burst.side[i] == Side::Inside ? rule_of(burst, i) : nullptr;
        if (rule == nullptr)
            continue;
        nat::Ahead& ahead = burst.ahead[i];
        parts_.own_flows.expect_host(tuple, ahead);
        ahead.original =
            burst.is_guessed(i) ? burst.guesses.hash[i] : parts_.shared.table.hasher()(tuple);
        parts_.shared.table.send_for(ahead.original);
        ahead.reply = parts_.own_flows.first_guess(tuple, *rule);
        burst.foreseen |= uint64_t{1} << i;
    }
    for (unsigned i : SetBits{burst.foreseen})
        replies[count++] = burst.ahead[i].reply;
    parts_.shared.table.hasher().bulk(std::span(replies).first(count),
                                      std::span(hashes).first(count));
    count = 0;
    for (unsigned i : SetBits{burst.foreseen}) {
        burst.ahead[i].reply_hash = hashes[count++];
        parts_.shared.table.send_for(burst.ahead[i].reply_hash);
        parts_.own_flows.expect_entry(burst.ahead[i]);
    }
}

bool Openings::meet(Burst& burst, unsigned i, Tick now) {
    const net::Tuple& tuple = burst.tuple[i];
    const bool is_guessed = burst.is_guessed(i);
    const bool may_be_there =
        (burst.misses >> i & 1) == 0 ||
        (is_guessed ? burst.opened.may_have(burst.guesses.hash[i]) : !burst.opened.is_empty());
    if (may_be_there) {
        const flow::FlowRef flow = is_guessed
                                       ? parts_.shared.table.find(burst.guesses.hash[i], tuple, now)
                                       : parts_.shared.table.find(tuple, now);
        burst.flow[i] = flow;
        if (flow && belongs(parts_.shared.table.record(flow), flow.direction(), burst.side[i],
                            burst.packet[i]))
            return parts_.handover.bring_home(burst, i, now);
    }
    open(burst, i, now);
    return (burst.live & ~burst.fresh) >> i & 1;
}

/// True when packet i may go on: to open a flow, or to be met by one.
bool Openings::admit(Burst& burst, unsigned i, Tick now) {
    const uint64_t bit = uint64_t{1} << i;
    if ((burst.admitted & bit) != 0)
        return true;
    const policy::Rule* rule = rule_of(burst, i);
    const Admitted admitted =
        (burst.seen & bit) != 0
            ? parts_.admission.admit_by_rule(burst.by_address[i], burst.tuple[i], rule)
            : parts_.admission.admit(burst.side[i], burst.packet[i], burst.tuple[i], rule);
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
            if (parts_.local.take_ping(burst, i, now))
                return false;
            answer_ping(burst, i);
            return false;
        case Path::Refused:
            break;
    }
    if (admitted.denial != policy::kNone)
        parts_.policy->rules.denials().count(admitted.denial);
    parts_.local.refuse(burst, i, admitted.reason, now);
    return false;
}

/// It goes back to the neighbour that packet i came from; where another gateway of the cluster has
/// sent that on, by the route to who has asked. What came may be larger than the MTU.
void Openings::answer_ping(Burst& burst, unsigned i) {
    if (parts_.tap.is_on())
        parts_.tap.answer(i);
    std::optional<link::Path> back;
    if (parts_.owners.have_sent(burst, i))
        back = parts_.egress.find(burst.tuple[i].reversed(), burst.side[i]);
    parts_.answers.turn_ping(burst, i);
    if (back)
        parts_.cutter.send(burst.take(i), *back);
    else
        parts_.cutter.send(burst.take(i), burst.from[i]);
}

/// Whom packet i, which has no flow, may open one to.
Target Openings::target(Burst& burst, unsigned i, Tick now) {
    const Path path = burst.within >> i & 1           ? Path::Within
                      : burst.outward >> i & 1        ? Path::Outward
                      : burst.side[i] == Side::Inside ? Path::Hairpin
                                                      : Path::Inward;
    const policy::Rule* rule = path == Path::Inward ? nullptr : rule_of(burst, i);
    Target target = parts_.forwarding.target({path, rule}, burst.tuple[i], now);
    target.request.ahead = (burst.foreseen >> i & 1) != 0 ? &burst.ahead[i] : nullptr;
    return target;
}

/// Somebody at the interface that packet i came by has its source: the host that answers ARP there,
/// or, behind a router, whoever is reached that way. Drops it otherwise; who is on the link is
/// asked for, so many times a tick that others' punts have room. What another gateway of the
/// cluster has sent on, that one has asked about.
bool Openings::is_proven(Burst& burst, unsigned i, Tick now) {
    constexpr unsigned kAskedPerTick = 4;
    if (parts_.owners.have_sent(burst, i))
        return true;
    const net::InsideAddress source = burst.tuple[i].inside_source();
    const auto toward = parts_.egress.routes().find(source);
    const bool is_here = toward && toward->interface == burst.from[i];
    if (is_here && toward->address != source.address)
        return true;
    const link::HopIndex index =
        is_here ? parts_.shared.next_hops.find(toward->interface, source.address) : link::kNoHop;
    const link::Hop hop = parts_.shared.next_hops.read(index);
    if (index != link::kNoHop && hop.is_resolved() &&
        hop.mac_bits() == net::source_mac(rte_pktmbuf_mtod(burst.mbuf[i], const void*)))
        return true;
    if (asked_at_ != now) {
        asked_at_ = now;
        asked_ = 0;
    }
    if (!is_here || hop.is_resolved() || hop.has_failed() || ++asked_ > kAskedPerTick) {
        drop(burst, i, Drop::StrictSource);
        return false;
    }
    parts_.egress.punt(
        burst.take(i),
        {.from = burst.from[i], .punt = link::Punt::Source, .next_hop = source.address});
    return false;
}

/// Packet i is to be seen as a public address that another gateway of the cluster has, whatever is
/// behind its destination; it has left the burst. Where nobody is known to have that, the flow is
/// given one that this gateway has.
bool Openings::goes_to_owner(Burst& burst, unsigned i, const Target& target, Tick now) {
    if (burst.side[i] != Side::Inside)
        return false;
    if (!target.refusal || target.request.rule != nullptr)
        return parts_.owners.take_from(burst, i, target.request, now);
    const nat::Request request = nat::Request::outward(burst.tuple[i], rule_of(burst, i));
    return parts_.owners.take_from(burst, i, request, now);
}

/// It opens one if there is somebody at its other end and it could leave.
void Openings::open_admitted(Burst& burst, unsigned i, Tick now) {
    if (parts_.policy->strict.source && burst.side[i] == Side::Inside && !is_proven(burst, i, now))
        return;
    const Target target = this->target(burst, i, now);
    const net::Tuple& tuple = burst.tuple[i];
    if (parts_.owners.are_any() && goes_to_owner(burst, i, target, now))
        return;
    if (target.refusal) {
        if (net::is_call(tuple) && has_been_opened(burst, i, now))
            parts_.handover.bring_home(burst, i, now);
        else
            drop(burst, i, *target.refusal);
        return;
    }
    const Shared& shared = parts_.shared;
    // A fragment's flow opens at its datagram's home: there the others are.
    if (shared.spread_flows && !burst.is_at_owner(i) && !burst.is_fragment(i))
        if (const unsigned home = shared.table.hash(tuple) % shared.workers; home != parts_.worker)
            return parts_.handover.bring_to(burst, i, home, now);

    const auto [path, reason] = parts_.forwarding.way_of(target);
    if (!path)
        return drop(burst, i, reason);
    if (leaves_by_any(burst.packet[i], parts_.egress.least_mtu()) ||
        parts_.answers.may_leave(burst, i, parts_.egress.exit(path->interface), now,
                                 tell_of(burst, i)))
        commit(burst, i, target.request, *path, now);
}

/// All that a packet's way may object has been asked; whether there is a port, the insert says.
void Openings::commit(Burst& burst, unsigned i, const nat::Request& request, const link::Path& path,
                      Tick now) {
    const nat::Opening opening =
        parts_.own_flows.open(request, burst.segment(i), now, burst.packet[i].length);
    switch (opening.outcome) {
        case nat::Opening::Outcome::Opened:
            burst.flow[i] = opening.flow;
            burst.fresh |= uint64_t{1} << i;
            for (const uint64_t hash : opening.hashes)
                burst.opened.add(hash);
            if (goes_by(opening.flow, request.uplink))
                return parts_.paths.remember(burst, i, path);
            if (const link::Path* other = parts_.paths.find(burst, i)) {
                parts_.paths.remember(burst, i, *other);
                parts_.answers.may_leave(burst, i, parts_.egress.exit(other->interface), now,
                                         tell_of(burst, i));
            }
            return;
        case nat::Opening::Outcome::Existed:
            burst.flow[i] = opening.flow;
            parts_.handover.bring_home(burst, i, now);
            return;
        case nat::Opening::Outcome::Refused:
            if (has_been_opened(burst, i, now))
                parts_.handover.bring_home(burst, i, now);
            else
                parts_.answers.refuse(burst, i, opening.reason, now);
            return;
    }
}

/// Another worker has opened the flow of packet i since it was looked for. Where there is but one
/// endpoint for it, that one is taken then, and nothing is inserted that would show it.
bool Openings::has_been_opened(Burst& burst, unsigned i, Tick now) {
    burst.flow[i] = parts_.shared.table.find(burst.tuple[i], now);
    return burst.flow[i] && belongs(parts_.shared.table.record(burst.flow[i]),
                                    burst.flow[i].direction(), burst.side[i], burst.packet[i]);
}

/// One of several uplinks is told by the address that the flow has been given, and may be another
/// than the first choice.
bool Openings::goes_by(flow::FlowRef flow, std::optional<link::UplinkId> uplink) const {
    if (!uplink)
        return true;
    const Be32 source = parts_.shared.table.record(flow).key(net::Direction::Reply).destination;
    return parts_.policy->routes.uplinks().of(source) == uplink;
}

}  // namespace sluice::worker
