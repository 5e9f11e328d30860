// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// What happens to a packet off the straight way: it opens a flow, has come to the wrong worker,
/// goes no further, or is for the gateway itself.

#include "answer/tcp_reset.h"
#include "worker/worker.h"

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>

#include <algorithm>
#include <cassert>

namespace sluice::worker {

using route::Side;
using stats::Count;
using stats::Drop;

namespace {

/// Turns a frame round: it goes back to the neighbour that it came from.
void turn_frame(rte_ether_hdr& frame) {
    std::swap(frame.src_addr, frame.dst_addr);
}

/// The packet is at fault, not a lack of resources.
bool is_invalid(Drop reason) {
    return reason >= Drop::InvalidFlags && reason <= Drop::InvalidRst;
}

}  // namespace

/// True when packet i may go on: to open a flow, or to be met by one.
bool Worker::admit(Burst& burst, unsigned i) {
    const Admitted admitted =
        shared_.admission.admit(burst.from[i], burst.packet[i], burst.tuple[i]);
    switch (admitted.path) {
        case Path::Outward:
            burst.outward |= uint64_t{1} << i;
            return true;
        case Path::Inward:
        case Path::Hairpin:
            return true;
        case Path::Local:
            if (burst.is_fragment(i))  // see lead()
                return true;
            answer_ping(burst, i);
            return false;
        case Path::Refused:
            break;
    }
    drop(burst, i, admitted.reason);
    return false;
}

void Worker::answer_ping(Burst& burst, unsigned i) {
    counters_.count[Count::Consumed].add(1);
    counters_.count[Count::Originated].add(1);
    counters_.count[Count::EchoReplies].add(1);
    answer::turn_echo_request(burst.packet[i]);
    turn_frame(*rte_pktmbuf_mtod(burst.mbuf[i], rte_ether_hdr*));
    send(burst.mbuf[i], burst.from[i]);
    burst.end(i);
}

/// Whom packet i, which has no flow, may open one to. Drops it where that is nobody.
std::optional<nat::Request> Worker::request(Burst& burst, unsigned i) {
    const net::Tuple& tuple = burst.tuple[i];
    if (burst.outward >> i & 1)
        return nat::Request::outward(tuple);
    const Side from = burst.from[i];
    if (const auto behind = nat_.behind(tuple, now_))
        return nat::Request::inward(tuple, *behind, from);
    drop(burst, i, from == Side::Inside ? Drop::Hairpin : Drop::NoMapping);
    return std::nullopt;
}

/// A packet without a flow opens one, if there is somebody at its other end and it could leave.
void Worker::open_flow(Burst& burst, unsigned i) {
    const auto request = this->request(burst, i);
    if (!request)
        return;
    const net::Tuple& tuple = burst.tuple[i];
    // A fragment's flow opens at its datagram's home: there the others are.
    if (shared_.spread_flows && !burst.is_settled(i) && !burst.is_fragment(i))
        if (const unsigned home = shared_.table.hash(tuple) % shared_.workers; home != params_.id)
            return bring_to(burst, i, home);

    const Side exit = request->sides.leave(net::Direction::Original);
    const auto toward = shared_.routes.find(request->target.address);
    if (!toward)
        return drop(burst, i, Drop::NoRoute);
    if (toward->side != exit)
        return drop(burst, i, exit == Side::Outside ? Drop::InsideDestination : Drop::NoRoute);
    if (!may_leave(burst, i, exit))
        return;

    const nat::Opening opening = nat_.open(*request, burst.segment(i), now_);
    switch (opening.outcome) {
        case nat::Opening::Outcome::Opened:
            burst.flow[i] = opening.flow;
            burst.fresh |= uint64_t{1} << i;
            return;
        case nat::Opening::Outcome::Existed:
            burst.flow[i] = opening.flow;
            bring_home(burst, i);
            return;
        case nat::Opening::Outcome::Refused:
            return refuse(burst, i, opening.reason);
    }
}

/// Packets of a flow are its owner's. True when that is this worker.
bool Worker::bring_home(Burst& burst, unsigned i) {
    const unsigned owner = shared_.table.record(burst.flow[i]).owner;
    if (owner == params_.id)
        return true;
    if (burst.is_settled(i))  // the flow died on the way, and was opened anew elsewhere
        drop(burst, i, Drop::HandoffLoop);
    else
        bring_to(burst, i, owner);
    return false;
}

void Worker::bring_to(Burst& burst, unsigned i, unsigned owner) {
    burst.end(i);
    hand_over(burst.mbuf[i], owner, {.from = burst.from[i], .for_flow = true});
    if (burst.leads >> i & 1)
        lead_to_owner(burst, i, static_cast<uint8_t>(owner));
}

/// Drops a packet whose TTL or size does not let it leave by `side`, and tells its sender. One that
/// may be cut is left for depart().
bool Worker::may_leave(Burst& burst, unsigned i, Side side) {
    const net::Packet& packet = burst.packet[i];
    if (packet.ip->time_to_live <= 1) {
        send_error(burst, i, answer::kTimeExceeded);
        drop(burst, i, Drop::TtlExceeded);
        return false;
    }
    const uint16_t mtu = mtu_[index(side)];
    if (packet.length <= mtu)
        return true;
    if ((packet.ip->fragment_offset & rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG)) == 0) {
        burst.too_big |= uint64_t{1} << i;
        return true;
    }
    send_error(burst, i, answer::fragmentation_needed(mtu));
    drop(burst, i, Drop::TooBig);
    return false;
}

/// For a frame that leaves by `side`; null when `limit` or the pool has none to give.
rte_mbuf* Worker::allocate(Side side, answer::RateLimit& limit) {
    return limit.allow(now_) ? rte_pktmbuf_alloc(params_.ports[index(side)].packets) : nullptr;
}

/// A frame for an answer to packet i, with the Ethernet header that takes it back; null when
/// `limit` or the pool has none to give.
rte_mbuf* Worker::begin_answer(Burst& burst, unsigned i, answer::RateLimit& limit) {
    rte_mbuf* answer = allocate(burst.from[i], limit);
    if (answer == nullptr)
        return nullptr;
    auto* frame = rte_pktmbuf_mtod(answer, rte_ether_hdr*);
    *frame = *rte_pktmbuf_mtod(burst.mbuf[i], const rte_ether_hdr*);
    turn_frame(*frame);
    rte_pktmbuf_append(answer, sizeof *frame);
    counters_.count[Count::Originated].add(1);
    return answer;
}

/// Tells the sender of packet i, which is unchanged since it arrived, why it goes no further.
void Worker::send_error(Burst& burst, unsigned i, answer::IcmpError error) {
    const Side from = burst.from[i];
    if (!answer::may_answer_with_error(burst.packet[i]))
        return;
    rte_mbuf* answer = begin_answer(burst, i, shared_.icmp_limit);
    if (answer == nullptr) {
        counters_.count[Count::IcmpSuppressed].add(1);
        return;
    }
    auto* ip = rte_pktmbuf_mtod_offset(answer, uint8_t*, sizeof(rte_ether_hdr));
    const size_t length = answer::write_icmp_error({ip, answer::kIcmpErrorBytes}, error,
                                                   shared_.own[index(from)], burst.packet[i]);
    rte_pktmbuf_append(answer, static_cast<uint16_t>(length));
    counters_.count[Count::IcmpErrors].add(1);
    send(answer, from);
}

/// Drops a packet that the trackers refuse, or for whose flow there is no port, and tells an inside
/// host so with --invalid reject and --on-exhaustion reject. Nobody outside is told anything: it
/// would show which flows there are.
void Worker::refuse(Burst& burst, unsigned i, Drop reason) {
    const bool is_segment = burst.tuple[i].protocol == net::Protocol::Tcp;
    const bool is_reset = (burst.packet[i].tcp_flags & conntrack::kRst) != 0;
    const bool is_exhausted =
        (reason == Drop::PortsExhausted || reason == Drop::HostBlocks ||
         reason == Drop::BlocksExhausted || reason == Drop::AddressesExhausted) &&
        shared_.reject_exhausted;
    const bool is_wrong = is_invalid(reason) && shared_.reject_invalid;
    if (burst.from[i] == Side::Inside && (is_exhausted || is_wrong)) {
        if (is_segment && !is_reset)
            send_reset(burst, i);
        else if (is_exhausted && !is_segment)
            send_error(burst, i, answer::kAdministrativelyProhibited);
    }
    drop(burst, i, reason);
}

void Worker::send_reset(Burst& burst, unsigned i) {
    rte_mbuf* answer = begin_answer(burst, i, shared_.reset_limit);
    if (answer == nullptr) {
        counters_.count[Count::TcpResetsSuppressed].add(1);
        return;
    }
    char* ip = rte_pktmbuf_append(answer, answer::kTcpResetBytes);
    answer::write_tcp_reset({reinterpret_cast<uint8_t*>(ip), answer::kTcpResetBytes},
                            burst.packet[i]);
    counters_.count[Count::TcpResets].add(1);
    send(answer, burst.from[i]);
}

/// The way of a translated packet whose flow knows no next hop that is in reach.
void Worker::find_hop(Burst& burst, unsigned i) {
    const flow::FlowRef flow = burst.flow[i];
    flow::FlowRecord& record = shared_.table.record(flow);
    const Be32 destination = record.key(opposite(flow.direction())).source;
    burst.end(i);
    record.hops.index[index(flow.direction())] =
        send_by_route(burst.mbuf[i], {burst.from[i], exit_side(flow), destination});
}

/// Asks the routes, then the next hops, then the control core. Returns the hop, if there is one.
route::HopIndex Worker::send_by_route(rte_mbuf* mbuf, const Way& way) {
    const auto toward = shared_.routes.find(way.destination);
    if (!toward || toward->side != way.to) {
        drop(mbuf, Drop::NoRoute);
        return route::kNoHop;
    }
    const route::HopIndex hop = shared_.next_hops.find(way.to, toward->address);
    if (hop != route::kNoHop) {
        if (send_to_hop(mbuf, way.to, hop))
            return hop;
        if (shared_.next_hops.read(hop).has_failed()) {
            drop_unreachable(mbuf);
            return hop;
        }
    }
    punt(mbuf, {.from = way.from,
                .punt = Punt::Unresolved,
                .hop_side = way.to,
                .next_hop = toward->address});
    return hop;
}

}  // namespace sluice::worker
