// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// ICMP errors that others send about packets which the gateway has translated.
///
/// Rule     An error neither refreshes its flow nor steps it, so any worker may translate it.
/// Source   RFC 5508 §4; nf_conntrack_inet_error() of Linux.

#include "nat/translate.h"
#include "nat/translate_error.h"
#include "worker/worker.h"

#include <rte_ip.h>

namespace sluice::worker {

using route::Side;
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
    nat::translate_error(record, flow.direction(), from == Side::Inside ? after.source : sender,
                         error);
    burst.end(i);
    send_by_route(burst.mbuf[i], {from, to, after.destination});
}

}  // namespace sluice::worker
