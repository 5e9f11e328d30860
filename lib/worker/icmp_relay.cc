// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// ICMP errors about packets which the gateway has translated: those that others send, and its own
/// when a next hop does not answer.
///
/// Rule     An error neither refreshes its flow nor steps it, so any worker may translate it.
/// Source   RFC 5508 §4; nf_conntrack_inet_error() of Linux.

#include "nat/translate.h"
#include "nat/translate_error.h"
#include "net/parse.h"
#include "worker/worker.h"

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>

namespace sluice::worker {

using route::Side;
using stats::Count;
using stats::Drop;

void Worker::relay_error(Burst& burst, unsigned i) {
    const net::Packet& error = burst.packet[i];
    const net::Tuple& tuple = burst.tuple[i];
    const Side from = burst.from[i];
    const Be32 sender{error.ip->src_addr};
    if (const auto reason = shared_.admission.refuse_error(from, sender))
        return drop(burst, i, *reason);

    const flow::FlowRef flow = shared_.table.find(tuple, now_);
    if (!flow)
        return drop(burst, i, Drop::IcmpErrorUnknown);
    const flow::FlowRecord& record = shared_.table.record(flow);
    // It goes to the host that sent the packet in question, and so comes from where that one went.
    if (Be32{error.ip->dst_addr} != tuple.destination ||
        from != record.sides.enter(flow.direction()))
        return drop(burst, i, Drop::IcmpErrorMismatch);
    const Side to = exit_side(flow);
    if (!may_leave(burst, i, to))
        return;

    const net::Tuple after = record.key(opposite(flow.direction())).reversed();
    nat::decrement_ttl(error);
    // Who inside a router is, nobody outside learns: RFC 5508 REQ-5.
    if (from == Side::Inside)
        nat::hide_extensions(error);
    nat::translate_error(record, flow.direction(), from == Side::Inside ? after.source : sender,
                         error);
    burst.end(i);
    fragment::Way way;
    way.side = to;
    way.destination = after.destination;
    send_along(burst.mbuf[i], from, way);
}

/// Drops a translated packet whose next hop does not answer ARP, and tells its sender.
void Worker::drop_unreachable(rte_mbuf* mbuf) {
    net::Packet packet;
    net::Tuple tuple;
    if (!net::parse(mbuf, packet, tuple) && answer::may_answer_with_error(packet))
        tell_unreachable(packet);
    drop(mbuf, Drop::NeighbourFailed);
}

/// Writes what the next hop, had it been a router, would have written about the packet behind it;
/// that is translated, like any error, into one about the packet as it arrived.
void Worker::tell_unreachable(const net::Packet& packet) {
    rte_mbuf* error = allocate(Side::Inside, shared_.icmp_limit);
    if (error != nullptr) {
        auto* frame =
            reinterpret_cast<rte_ether_hdr*>(rte_pktmbuf_append(error, sizeof(rte_ether_hdr)));
        *frame = {{}, {}, rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4)};
        auto* ip = rte_pktmbuf_mtod_offset(error, uint8_t*, sizeof *frame);
        const size_t length = answer::write_icmp_error({ip, answer::kIcmpErrorBytes},
                                                       answer::kHostUnreachable, {}, packet);
        rte_pktmbuf_append(error, static_cast<uint16_t>(length));
        if (send_unreachable(error))
            return;
        rte_pktmbuf_free(error);
    }
    counters_.count[Count::IcmpSuppressed].add(1);
}

/// False when nobody knows any more whom to tell: the flow is gone.
bool Worker::send_unreachable(rte_mbuf* mbuf) {
    net::Packet error;
    net::Tuple tuple;
    if (net::parse(mbuf, error, tuple))
        return false;
    const flow::FlowRef flow = shared_.table.find(tuple, now_);
    if (!flow)
        return false;
    const Side to = exit_side(flow);
    const flow::FlowRecord& record = shared_.table.record(flow);
    nat::translate_error(record, flow.direction(), shared_.own[index(to)], error);
    counters_.count[Count::Originated].add(1);
    counters_.count[Count::IcmpErrors].add(1);
    send_by_route(mbuf, {opposite(to), to, Be32{error.ip->dst_addr}});
    return true;
}

}  // namespace sluice::worker
