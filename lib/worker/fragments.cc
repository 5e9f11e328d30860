// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// Fragments, off the straight way: those of a datagram go where its first one goes, and a packet
/// too big for the outgoing MTU becomes some.
///
/// Home     A later fragment tells nothing of its flow, so all fragments of a datagram go to one
///          worker first, its home, by the keyed hash of what they have in common. There the first
///          one looks up or opens the flow as any packet does. If another worker owns the flow, all
///          of them go on there, the first one before the others, as rings keep order; and the
///          owner does the same again, but for the choice of a home. So a refused first fragment
///          takes the others with it, wherever it is tracked.
/// Loops    None: a packet is handed over to its datagram's home only by who received it, and to
///          its flow's owner only by who received it or is its home (Note::for_flow). What came for
///          its flow and is not at home is dropped (handoff_loop), whole or in fragments.
/// TCP      The tracker wants to know how long a segment is, so its first fragment waits for the
///          last one. All else passes at once.
/// Cut      One packet received becomes several sent: all but one count as originated.

#include "nat/translate.h"
#include "net/parse.h"
#include "worker/worker.h"

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

namespace sluice::worker {

using fragment::Fate;
using route::Side;
using stats::Count;
using stats::Drop;

namespace {

constexpr uint16_t kEtherBytes = sizeof(rte_ether_hdr);

rte_ipv4_hdr* ip_of(rte_mbuf* mbuf) {
    return rte_pktmbuf_mtod_offset(mbuf, rte_ipv4_hdr*, kEtherBytes);
}

/// Bytes of Ethernet and IP header.
unsigned headers_of(rte_mbuf* mbuf) {
    return kEtherBytes + rte_ipv4_hdr_len(ip_of(mbuf));
}

/// What a packet takes up while it is kept.
uint32_t memory_of(const rte_mbuf* mbuf) {
    uint32_t bytes = 0;
    for (; mbuf != nullptr; mbuf = mbuf->next)
        bytes += mbuf->buf_len;
    return bytes;
}

/// What is only the first fragment's of the IP options becomes padding (RFC 791 §3.2).
void blank_options(std::span<uint8_t> options) {
    constexpr uint8_t kEnd = 0;
    constexpr uint8_t kPadding = 1;
    constexpr uint8_t kCopied = 0x80;
    for (size_t at = 0; at < options.size() && options[at] != kEnd;) {
        // parse() has found them sound: behind all others stands a length that fits.
        const size_t bytes = options[at] == kPadding ? 1 : options[at + 1];
        if ((options[at] & kCopied) == 0)
            std::fill_n(options.begin() + static_cast<ptrdiff_t>(at), bytes, kPadding);
        at += bytes;
    }
}

/// Makes `piece`, which is empty, a fragment of `whole`: `bytes` bytes from `offset` on. What is
/// cut may itself be a fragment.
bool fill_piece(rte_mbuf* piece, rte_mbuf* whole, unsigned offset, unsigned bytes) {
    const unsigned headers = headers_of(whole);
    auto* frame = reinterpret_cast<uint8_t*>(
        rte_pktmbuf_append(piece, static_cast<uint16_t>(headers + bytes)));
    if (frame == nullptr)
        return false;
    std::memcpy(frame, rte_pktmbuf_mtod(whole, const uint8_t*), headers);
    const void* data = rte_pktmbuf_read(whole, headers + offset, bytes, frame + headers);
    if (data != frame + headers)
        std::memcpy(frame + headers, data, bytes);
    if (offset != 0)
        blank_options({frame + kEtherBytes + sizeof(rte_ipv4_hdr), frame + headers});

    rte_ipv4_hdr& ip = *ip_of(piece);
    unsigned field = Be16{ip.fragment_offset}.host() + offset / RTE_IPV4_HDR_OFFSET_UNITS;
    if (headers + offset + bytes < whole->pkt_len)
        field |= RTE_IPV4_HDR_MF_FLAG;
    ip.fragment_offset = Be16::from_host(static_cast<uint16_t>(field)).raw;
    ip.total_length = Be16::from_host(static_cast<uint16_t>(headers - kEtherBytes + bytes)).raw;
    ip.hdr_checksum = 0;
    ip.hdr_checksum = rte_ipv4_cksum(&ip);
    return true;
}

}  // namespace

/// All but the first fragment of each datagram leave the burst.
void Worker::reassemble(Burst& burst) {
    if (burst.fragments == 0)
        return;
    for (unsigned i : SetBits{burst.live & burst.fragments})
        take_fragment(burst, i);
}

void Worker::take_fragment(Burst& burst, unsigned i) {
    if (!admit(burst, i))  // before it takes up any memory
        return;
    rte_mbuf* mbuf = burst.mbuf[i];
    const net::Tuple key = fragment::key_of(burst.packet[i], burst.from[i]);
    const uint32_t hash = shared_.table.hash(key);
    const unsigned home = (hash >> 16) % shared_.workers;
    if (!burst.handed_over && home != params_.id) {
        burst.end(i);
        return hand_over(mbuf, home, {.from = burst.from[i]});
    }
    const fragment::Arrival arrival =
        datagrams_.arrive({key, hash, fragment::piece_of(burst.packet[i]),
                           key.protocol == net::Protocol::Tcp, mbuf, memory_of(mbuf)},
                          now_);
    switch (arrival.fate) {
        case Fate::Leads:
            return lead(burst, i, arrival);
        case Fate::Follows:
            burst.end(i);
            follow(mbuf, burst.from[i], arrival.datagram);
            return datagrams_.passed(arrival.datagram);
        case Fate::Kept:
            return burst.end(i);
        case Fate::Dropped:
            return drop(burst, i, arrival.reason);
    }
}

/// The first fragment stays in the burst. It may have waited for the one that has come now; both
/// are of one side and one pair of addresses, so what admission said holds.
void Worker::lead(Burst& burst, unsigned i, const fragment::Arrival& arrival) {
    burst.datagram[i] = arrival.datagram;
    burst.leads |= uint64_t{1} << i;
    if (arrival.packet != burst.mbuf[i]) {
        burst.mbuf[i] = arrival.packet;
        if (const auto reason = net::parse(arrival.packet, burst.packet[i], burst.tuple[i]))
            return drop(burst, i, *reason);
    }
    if (arrival.total)
        burst.packet[i].datagram =
            static_cast<uint16_t>(net::ip_header_bytes(burst.packet[i]) + *arrival.total);
    const Admitted admitted =
        shared_.admission.admit(burst.from[i], burst.packet[i], burst.tuple[i]);
    if (admitted.path == Path::Local)  // the gateway answers no ping that comes in pieces
        drop(burst, i, Drop::ToGateway);
}

/// What is behind a first fragment that was handed to its flow's owner goes there too.
void Worker::lead_to_owner(Burst& burst, unsigned i, uint8_t owner) {
    const fragment::Index datagram = burst.datagram[i];
    burst.leads &= ~(uint64_t{1} << i);
    datagrams_.hand_to(datagram, owner, now_);
    while (rte_mbuf* kept = datagrams_.take_kept(datagram))
        follow(kept, burst.from[i], datagram);
    datagrams_.passed(datagram);
}

/// Sends what is not to leave as it came. A first fragment that did not get here was dropped.
void Worker::depart(Burst& burst) {
    for (unsigned i : SetBits{burst.leads}) {
        if (burst.live >> i & 1)
            lead_out(burst, i);
        else
            datagrams_.refuse(burst.datagram[i], Drop::FragmentRefused, now_);
    }
    for (unsigned i : SetBits{burst.live & burst.too_big}) {
        fragment::Way way = way_of(burst, i);
        burst.end(i);
        send_along(burst.mbuf[i], burst.from[i], way);
    }
    if (burst.fragments != 0) {
        counters_.waiting.set(datagrams_.kept());
        counters_.count[Count::FragmentsEvicted].set(datagrams_.evicted());
    }
}

/// Sends a translated first fragment, and those that wait for it.
void Worker::lead_out(Burst& burst, unsigned i) {
    const fragment::Index datagram = burst.datagram[i];
    datagrams_.open(datagram, way_of(burst, i), now_);
    burst.end(i);
    counters_.count[Count::Fragments].add(1);
    send_along(burst.mbuf[i], burst.from[i], datagrams_.way(datagram));
    while (rte_mbuf* kept = datagrams_.take_kept(datagram))
        follow(kept, burst.from[i], datagram);
    datagrams_.passed(datagram);
}

/// How packet i leaves, which is translated already.
fragment::Way Worker::way_of(const Burst& burst, unsigned i) {
    const flow::FlowRef flow = burst.flow[i];
    const net::ChecksumDelta address = shared_.table.record(flow).rewrite.address;
    fragment::Way way;
    way.source.raw = burst.packet[i].ip->src_addr;
    way.destination.raw = burst.packet[i].ip->dst_addr;
    way.address = flow.direction() == net::Direction::Original ? address : address.inverse();
    way.side = exit_side(flow);
    return way;
}

/// A later fragment, whose TTL and size are looked at here. Its sender is told nothing: RFC 1812
/// §4.3.2.7 forbids it.
void Worker::follow(rte_mbuf* mbuf, Side from, fragment::Index datagram) {
    if (const auto owner = datagrams_.worker(datagram))
        return hand_over(mbuf, *owner, {.from = from, .for_flow = true});

    fragment::Way& way = datagrams_.way(datagram);
    net::Packet packet;
    packet.ip = ip_of(mbuf);
    packet.length = Be16{packet.ip->total_length}.host();
    if (packet.ip->time_to_live <= 1)
        return drop(mbuf, Drop::TtlExceeded);
    if (packet.length > mtu_[index(way.side)] &&
        (packet.ip->fragment_offset & rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG)) != 0)
        return drop(mbuf, Drop::TooBig);

    nat::decrement_ttl(packet);
    packet.ip->src_addr = way.source.raw;
    packet.ip->dst_addr = way.destination.raw;
    packet.ip->hdr_checksum = way.address.apply(packet.ip->hdr_checksum);
    counters_.count[Count::Fragments].add(1);
    send_along(mbuf, from, way);
}

void Worker::send_along(rte_mbuf* mbuf, Side from, fragment::Way& way) {
    if (mbuf->pkt_len > uint32_t{mtu_[index(way.side)]} + kEtherBytes)
        cut(mbuf, from, way);
    else
        send_to(mbuf, from, way);
}

void Worker::send_to(rte_mbuf* mbuf, Side from, fragment::Way& way) {
    const uint32_t generation = shared_.next_hops.generation();
    if (way.generation != generation) {
        way.hop = route::kNoHop;
        way.generation = generation;
    }
    if (way.hop == route::kNoHop || !send_to_hop(mbuf, way.side, way.hop))
        way.hop = send_by_route(mbuf, {from, way.side, way.destination});
}

/// Into copies, so that neither the ports nor who holds a packet need know of shared buffers.
void Worker::cut(rte_mbuf* mbuf, Side from, fragment::Way& way) {
    std::array<rte_mbuf*, fragment::kMostPieces> pieces;
    const unsigned headers = headers_of(mbuf);
    const unsigned room = (mtu_[index(way.side)] + kEtherBytes - headers) & ~7u;
    const unsigned bytes = mbuf->pkt_len - headers;
    const unsigned count = (bytes + room - 1) / room;
    if (count > pieces.size() ||
        rte_pktmbuf_alloc_bulk(params_.ports[index(way.side)].packets, pieces.data(), count) != 0)
        return drop(mbuf, Drop::SplitFailed);

    bool filled = true;
    for (unsigned i = 0; i < count; ++i)
        filled &= fill_piece(pieces[i], mbuf, i * room, std::min(room, bytes - i * room));
    if (!filled) {  // the packet pool's buffers are smaller than the MTU
        rte_pktmbuf_free_bulk(pieces.data(), count);
        return drop(mbuf, Drop::SplitFailed);
    }
    rte_pktmbuf_free(mbuf);
    counters_.count[Count::PacketsCut].add(1);
    counters_.count[Count::Originated].add(count - 1);
    for (rte_mbuf* piece : std::span(pieces).first(count))
        send_to(piece, from, way);
}

void Worker::discard(rte_mbuf* packet, Drop reason) {
    drop(packet, reason);
}

}  // namespace sluice::worker
