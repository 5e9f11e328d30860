// SPDX-License-Identifier: BSD-3-Clause
#include "worker/fragments.h"

#include "answer/icmp_error.h"
#include "nat/translate.h"
#include "net/parse.h"

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>

namespace sluice::worker {

using fragment::Fate;
using stats::Count;
using stats::Drop;

namespace {

/// What a packet takes up while it is kept.
uint32_t memory_of(const rte_mbuf* mbuf) {
    uint32_t bytes = 0;
    for (; mbuf != nullptr; mbuf = mbuf->next)
        bytes += mbuf->buf_len;
    return bytes;
}

/// What is hashed to tell senders apart.
net::Tuple sender_of(const net::Tuple& key) {
    net::Tuple sender;
    sender.source = key.source;
    sender.kind = key.kind;
    sender.zone = key.zone;
    return sender;
}

net::Packet headers_of(rte_mbuf* later) {
    net::Packet packet;
    packet.ip = rte_pktmbuf_mtod_offset(later, rte_ipv4_hdr*, sizeof(rte_ether_hdr));
    packet.length = Be16{packet.ip->total_length}.host();
    return packet;
}

/// How the fragments of packet i leave, which is translated already, and whose path is known.
fragment::Way way_of(const Burst& burst, unsigned i, const flow::FlowRecord& record) {
    fragment::Way way;
    way.source.raw = burst.packet[i].ip->src_addr;
    way.destination.raw = burst.packet[i].ip->dst_addr;
    way.address = record.rewrite.address.toward(burst.flow[i].direction());
    way.path = burst.path[i];
    way.from = record.sides.enter(burst.flow[i].direction());
    way.to = record.sides.leave(burst.flow[i].direction());
    if ((burst.uncounted >> i & 1) == 0)
        way.flow = burst.flow[i];
    way.life = record.life.load(std::memory_order_relaxed);  // relaxed: looked up in this turn
    return way;
}

}  // namespace

Fragments::Fragments(const Parts& parts)
    : parts_(parts), datagrams_(parts.shared.fragments, *this) {}

void Fragments::reassemble(Burst& burst, Tick now) {
    for (unsigned i : SetBits{burst.live & burst.fragments})
        take(burst, i, now);
}

/// The first of its datagram stays in the burst, maybe in place of another; all others leave it,
/// and what its addresses do not admit.
void Fragments::take(Burst& burst, unsigned i, Tick now) {
    rte_mbuf* mbuf = burst.mbuf[i];
    const net::Tuple key = fragment::key_of(burst.packet[i], burst.side[i], burst.tuple[i].zone);
    const uint32_t hash = parts_.shared.table.hash(key);
    const unsigned home = (hash >> 16) % parts_.shared.workers;
    if (!burst.handed_over && home != parts_.worker)
        return parts_.egress.hand_over(burst.take(i), home, {.from = burst.from[i]});
    const fragment::Fragment fragment{key,
                                      hash,
                                      fragment::piece_of(burst.packet[i]),
                                      key.protocol == net::Protocol::Tcp,
                                      mbuf,
                                      memory_of(mbuf),
                                      parts_.shared.table.hash(sender_of(key))};
    if (!burst.is_at_owner(i) && !admit(burst, i, fragment, now))
        return;
    const fragment::Arrival arrival = datagrams_.arrive(fragment, now);
    switch (arrival.fate) {
        case Fate::Leads:
            return lead(burst, i, arrival, now);
        case Fate::Follows:
            if (arrival.reason != Drop::FragmentDuplicate && !datagrams_.worker(arrival.datagram))
                count(datagrams_.way(arrival.datagram), headers_of(mbuf));
            follow(burst.take(i), burst.from[i], arrival.datagram);
            return datagrams_.passed(arrival.datagram);
        case Fate::Kept:
            return burst.end(i);
        case Fate::Dropped:
            return parts_.egress.drop(burst.take(i), arrival.reason);
    }
}

/// At its home, before it takes up any memory. What is known of its addresses then, a first
/// fragment keeps. Where flows may stand that today's rules would not open, the first one finds out
/// as any packet does, and the others with it; but the kernel has its own that come before that.
bool Fragments::admit(Burst& burst, unsigned i, const fragment::Fragment& fragment, Tick now) {
    burst.by_address[i] =
        parts_.admission.admit_addresses(burst.side[i], burst.packet[i], burst.tuple[i]);
    burst.seen |= uint64_t{1} << i;
    const auto reason = Admission::refuse_fragment(burst.by_address[i], burst.tuple[i]);
    const bool is_kernels = parts_.local.has_fragment(burst, i, reason);
    if ((!reason && !is_kernels) || datagrams_.knows(fragment))
        return true;
    if (parts_.forwarding.may_be_older(burst.side[i], burst.packet[i], burst.tuple[i], is_kernels,
                                       now))
        return true;
    if (!parts_.local.take_fragment(burst, i, reason, now))
        parts_.egress.drop(burst.take(i), *reason);
    return false;
}

/// The first fragment stays in the burst. It may have waited for the one that has come now; both
/// are of one side and one pair of addresses, so what admission said holds, but for pings: only the
/// first fragment tells that it is one.
void Fragments::lead(Burst& burst, unsigned i, const fragment::Arrival& arrival, Tick now) {
    burst.datagram[i] = arrival.datagram;
    burst.leads |= uint64_t{1} << i;
    if (arrival.packet != burst.mbuf[i]) {
        const uint16_t zone = burst.tuple[i].zone;  // of all its pieces
        burst.mbuf[i] = arrival.packet;
        if (const auto reason = net::parse(arrival.packet, burst.packet[i], burst.tuple[i]))
            return parts_.egress.drop(burst.take(i), *reason);
        burst.tuple[i].zone = zone;
    }
    if (arrival.total)
        burst.packet[i].datagram =
            static_cast<uint16_t>(net::ip_header_bytes(burst.packet[i]) + *arrival.total);
    if (parts_.admission.is_ping_to_gateway(burst.side[i], burst.packet[i], burst.tuple[i]))
        answer_ping(burst, i, now);
}

/// A ping to the gateway in pieces is answered in the same pieces, each turned round by itself: who
/// asks puts them together, so nobody has to here.
void Fragments::answer_ping(Burst& burst, unsigned i, Tick now) {
    const auto path = parts_.egress.find(burst.tuple[i].reversed(), burst.side[i]);
    if (!path)
        return parts_.egress.drop(burst.take(i), Drop::NoRoute);
    answer::turn_echo_request(burst.packet[i]);
    parts_.counters.count[Count::EchoReplies].add(1);
    send_first(burst, i, {.path = *path, .is_answer = true}, now);
}

void Fragments::follow_to(unsigned owner, Burst& burst, unsigned i, Tick now) {
    const fragment::Index datagram = burst.datagram[i];
    burst.leads &= ~(uint64_t{1} << i);
    datagrams_.hand_to(datagram, static_cast<uint8_t>(owner), now);
    while (rte_mbuf* kept = datagrams_.take_kept(datagram))
        follow(kept, burst.from[i], datagram);
    datagrams_.passed(datagram);
}

void Fragments::pass_on(Burst& burst, unsigned i, const link::Path& path, Tick now) {
    fragment::Way way;
    way.source.raw = burst.packet[i].ip->src_addr;
    way.destination.raw = burst.packet[i].ip->dst_addr;
    way.path = path;
    way.is_handed_on = true;
    send_first(burst, i, way, now);
}

void Fragments::depart(Burst& burst, Tick now) {
    for (unsigned i : SetBits{burst.leads}) {
        if (burst.live >> i & 1)
            lead_out(burst, i, now);
        if (burst.leads >> i & 1)
            datagrams_.refuse(burst.datagram[i], Drop::FragmentRefused, now);
    }
    parts_.counters.waiting.set(datagrams_.kept());
    parts_.counters.count[Count::FragmentsEvicted].set(datagrams_.evicted());
}

/// Sends a translated first fragment, and those that wait for it. Where no route leads it is
/// dropped, and leads no longer.
void Fragments::lead_out(Burst& burst, unsigned i, Tick now) {
    if ((burst.routed >> i & 1) == 0)
        return parts_.egress.drop(burst.take(i), Drop::NoRoute);
    send_first(burst, i, way_of(burst, i, parts_.shared.table.record(burst.flow[i])), now);
}

void Fragments::send_first(Burst& burst, unsigned i, const fragment::Way& way, Tick now) {
    const fragment::Index datagram = burst.datagram[i];
    burst.leads &= ~(uint64_t{1} << i);
    datagrams_.open(datagram, way, now);
    parts_.counters.count[Count::Fragments].add(1);
    parts_.cutter.send(burst.take(i), datagrams_.way(datagram).path);
    while (rte_mbuf* kept = datagrams_.take_kept(datagram)) {
        count(way, headers_of(kept));
        follow(kept, burst.from[i], datagram);
    }
    datagrams_.passed(datagram);
}

/// A later fragment, whose TTL and size are looked at here. Its sender is told nothing: RFC 1812
/// §4.3.2.7 forbids it.
void Fragments::follow(rte_mbuf* mbuf, link::InterfaceId from, fragment::Index datagram) {
    if (const auto owner = datagrams_.worker(datagram))
        return parts_.egress.hand_over(mbuf, *owner, {.from = from, .for_flow = true});

    fragment::Way& way = datagrams_.way(datagram);
    const net::Packet packet = headers_of(mbuf);
    if (packet.ip->time_to_live <= 1 && !way.is_answer)
        return parts_.egress.drop(mbuf, Drop::TtlExceeded);
    if (packet.length > parts_.egress.exit(way.path.interface).fragment_mtu &&
        (packet.ip->fragment_offset & rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG)) != 0)
        return parts_.egress.drop(mbuf, Drop::TooBig);
    const pool::Holdings* holdings = parts_.shared.holdings;
    const bool is_by_held =
        (way.from == net::Side::Outside || is_usable(holdings, way.source)) &&
        (way.to == net::Side::Outside || is_usable(holdings, Be32{packet.ip->dst_addr}));
    if (!is_by_held && !way.is_handed_on)
        return parts_.egress.drop(mbuf, Drop::NotHeld);  // lost since its first one left
    if (way.is_handed_on &&
        holdings->is_member(net::source_mac(rte_pktmbuf_mtod(mbuf, const void*))))
        return parts_.egress.drop(mbuf, Drop::NotHeld);  // it has been sent on once
    if (way.is_handed_on)
        parts_.counters.count[Count::HandedToOwner].add(1);
    if (parts_.tap.is_on())
        parts_.tap.follow(mbuf, from);
    parts_.counters.count[Count::Fragments].add(1);
    if (way.is_answer) {
        const size_t header = (packet.ip->version_ihl & 15u) * size_t{4};
        net::Packet turned = packet;
        turned.transport = reinterpret_cast<uint8_t*>(packet.ip) + header;
        answer::turn_header(turned);
        return parts_.cutter.send(mbuf, way.path);
    }
    nat::decrement_ttl(packet);
    packet.ip->src_addr = way.source.raw;
    packet.ip->dst_addr = way.destination.raw;
    packet.ip->hdr_checksum = way.address.apply(packet.ip->hdr_checksum);
    parts_.cutter.send(mbuf, way.path);
}

/// The datagram is one packet, counted with its first fragment; of the others its bytes are still
/// missing, once. The flow may be over by now, and its record another's.
void Fragments::count(const fragment::Way& way, const net::Packet& later) {
    if (!way.flow || !parts_.shared.table.accounts().is_on())
        return;
    // relaxed: while it is this use, no other comes before the end of this turn.
    const flow::LifeWord life =
        parts_.shared.table.record(way.flow).life.load(std::memory_order_relaxed);
    const unsigned header = (later.ip->version_ihl & 15u) * 4;
    if (life == way.life && life.life() == flow::Life::Live && later.length > header)
        parts_.shared.table.accounts().add(way.flow, {0, later.length - header});
}

void Fragments::expire(Tick now) {
    datagrams_.set_timeout(parts_.policy->fragment_timeout);
    if (datagrams_.is_empty())
        return;
    datagrams_.expire(now);
    parts_.counters.waiting.set(datagrams_.kept());
}

void Fragments::clear(Drop reason) {
    datagrams_.clear(reason);
    parts_.counters.waiting.set(datagrams_.kept());
}

void Fragments::discard(rte_mbuf* packet, Drop reason) {
    parts_.egress.drop(packet, reason);
}

}  // namespace sluice::worker
