// SPDX-License-Identifier: BSD-3-Clause
#include "worker/icmp_relay.h"

#include "link/note.h"
#include "nat/translate.h"
#include "nat/translate_error.h"
#include "net/parse.h"

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>

#include <array>
#include <new>

namespace sluice::worker {

using net::Side;
using stats::Count;
using stats::Drop;

namespace {

/// What the error's other end has sent has other numbers in the tracker.
bool is_corrected(const flow::FlowRecord& record) {
    return (record.status.load(std::memory_order_relaxed) & conntrack::kCorrected) != 0;
}

/// Of a TCP flow; of any other it is not to be read.
const conntrack::TcpTracker& tracker_of(const flow::FlowRecord& record) {
    return *std::launder(reinterpret_cast<const conntrack::TcpTracker*>(record.tracker.data()));
}

}  // namespace

void IcmpRelay::relay(Burst& burst, unsigned i, Tick now) {
    link::Egress& egress = parts_.egress;
    const net::Packet& error = burst.packet[i];
    const Side from = burst.side[i];
    auto [flow, path, reason] =
        parts_.forwarding.way_of_error({burst.from[i], from}, error, burst.tuple[i], now);
    if (!path && reason == Drop::IcmpErrorUnknown && goes_to_owner(burst, i, now))
        return;
    if (!path)
        return parts_.local.refuse(burst, i, reason, now);
    const flow::FlowRecord& record = parts_.table.record(flow);
    if (!is_corrected(record) &&
        !quotes_what_was_sent(parts_.policy->tuning, error, flow.direction(), tracker_of(record)))
        return egress.drop(burst.take(i), Drop::IcmpErrorNumber);
    if (!parts_.answers.may_leave(burst, i, egress.exit(path->interface), now))
        return;

    if (parts_.tap.is_on())
        parts_.tap.rewrite(uint64_t{1} << i);
    nat::decrement_ttl(error);
    // Who inside a router is, nobody outside learns: RFC 5508 REQ-5.
    if (from == Side::Inside)
        nat::hide_extensions(error);
    const Be32 sender{error.ip->src_addr};
    const Be32 after = record.key(opposite(flow.direction())).destination;
    nat::translate_error(record, flow.direction(), from == Side::Inside ? after : sender, error);
    parts_.cutter.send(burst.take(i), *path);
}

/// Packet i, an error about a packet of no flow here, goes to the gateway of the cluster where that
/// flow is: what it quotes was sent to the host whose packet its tuple might be.
bool IcmpRelay::goes_to_owner(Burst& burst, unsigned i, Tick now) {
    if (!parts_.owners.are_any() || burst.side[i] != Side::Inside)
        return false;
    const net::Tuple& tuple = burst.tuple[i];
    const policy::Rule* rule = parts_.admission.rule_of(Side::Inside, tuple);
    const worker::Path path =
        parts_.admission.admit(Side::Inside, burst.packet[i], tuple, rule).path;
    if (path != worker::Path::Outward && path != worker::Path::Hairpin)
        return false;
    // By the uplink of that host's flows, where there are several.
    const Target target = parts_.forwarding.target({path, rule}, tuple, now);
    const bool has_request = !target.refusal || target.request.rule != nullptr;
    return parts_.owners.take_from(
        burst, i, has_request ? target.request : nat::Request::outward(tuple, rule), now);
}

/// An error that has nowhere to go either is set apart in its turn, and ends here untold.
void IcmpRelay::drop_unreachable(Tick now) {
    std::array<rte_mbuf*, link::kBatchSize> packets;
    while (const unsigned count = parts_.egress.take_unreachable(packets))
        for (unsigned i = 0; i < count; ++i) {
            tell(packets[i], now);
            parts_.egress.drop(packets[i], Drop::NeighbourFailed);
        }
}

void IcmpRelay::tell(rte_mbuf* mbuf, Tick now) {
    if (net::ether_type(mbuf) == RTE_ETHER_TYPE_IPV6)
        return parts_.ipv6.tell_unreachable(mbuf, now);
    net::Packet packet;
    net::Tuple tuple;
    if (net::parse(mbuf, packet, tuple) || !answer::may_answer_with_error(packet))
        return;
    if (rte_mbuf* error = parts_.answers.allocate_error()) {
        if (write(error, packet, zone_beyond(mbuf), now))
            return;
        rte_pktmbuf_free(error);
    }
    parts_.counters.count[Count::IcmpSuppressed].add(1);
}

/// That of the interface by which a packet was to leave: what would answer it, were its next hop
/// there, would come from it.
uint16_t IcmpRelay::zone_beyond(rte_mbuf* mbuf) const {
    return parts_.egress.interface(link::note_of(mbuf).to).zone;
}

/// Writes what the next hop, had it been a router, would have written about the packet behind it;
/// that is translated, like any error, into one about the packet as it arrived. False when nobody
/// knows any more whom to tell, for the flow is gone, or that host has been told enough.
bool IcmpRelay::write(rte_mbuf* mbuf, const net::Packet& about, uint16_t zone, Tick now) {
    auto* frame = reinterpret_cast<rte_ether_hdr*>(rte_pktmbuf_append(mbuf, sizeof(rte_ether_hdr)));
    *frame = {{}, {}, rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4)};
    auto* ip = rte_pktmbuf_mtod_offset(mbuf, uint8_t*, sizeof *frame);
    const size_t length = answer::write_icmp_error({ip, answer::kIcmpErrorBytes},
                                                   answer::kHostUnreachable, {}, about);
    rte_pktmbuf_append(mbuf, static_cast<uint16_t>(length));
    net::Packet error;
    net::Tuple tuple;
    if (net::parse(mbuf, error, tuple))
        return false;
    tuple.zone = zone;
    const flow::FlowRef flow = parts_.table.find(tuple, now);
    if (!flow)
        return false;
    const flow::FlowRecord& record = parts_.table.record(flow);
    const Side to = record.sides.leave(flow.direction());
    const net::Tuple& sender = record.key(opposite(flow.direction()));
    if (!parts_.answers.may_send_error(to, sender.inside_source(), now))
        return false;
    auto path = parts_.egress.find(sender.reversed(), to);
    if (!path)
        return false;
    const Be32 source = parts_.egress.interface(path->interface).known_to(to);
    nat::translate_error(record, flow.direction(), source, error);
    parts_.counters.count[Count::Originated].add(1);
    parts_.counters.count[Count::IcmpErrors].add(1);
    parts_.egress.send(mbuf, *path);
    return true;
}

}  // namespace sluice::worker
