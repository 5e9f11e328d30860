// SPDX-License-Identifier: BSD-3-Clause
#include "rig/floor.h"

#include "flow/cuckoo_index.h"
#include "flow/flow_record.h"
#include "nat/translate.h"

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include <algorithm>
#include <array>
#include <bit>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace sluice::bench {
namespace {

using net::Direction;

constexpr unsigned kBurst = 32;
constexpr unsigned kIndexLoad = 85;  // percent: as the flow table's
constexpr size_t kIpAt = sizeof(rte_ether_hdr);

uint16_t tag_of(uint64_t hash) {
    return static_cast<uint16_t>(hash);
}

rte_ipv4_hdr& ip_of(rte_mbuf* mbuf) {
    return *rte_pktmbuf_mtod_offset(mbuf, rte_ipv4_hdr*, kIpAt);
}

net::Tuple tuple_of(rte_mbuf* mbuf) {
    const rte_ipv4_hdr& ip = ip_of(mbuf);
    const auto& ports = *reinterpret_cast<const rte_udp_hdr*>(&ip + 1);
    return {Be32{ip.src_addr},
            Be32{ip.dst_addr},
            Be16{ports.src_port},
            Be16{ports.dst_port},
            net::Protocol{ip.next_proto_id},
            {}};
}

}  // namespace

struct alignas(64) Floor::Line {
    std::array<uint16_t, kSlots> tag;
    std::array<uint32_t, kSlots> word;  ///< Flow and direction.
    uint32_t used;

    /// The slots with this tag; where there is none, the last.
    unsigned match(uint16_t wanted) const {
        unsigned found = 1u << (kSlots - 1);
#if defined(__SSE2__)
        const __m128i tag8 = _mm_set1_epi16(static_cast<int16_t>(wanted));
        const auto* half = reinterpret_cast<const __m128i*>(this);
        const __m128i equal = _mm_packs_epi16(_mm_cmpeq_epi16(_mm_load_si128(half), tag8),
                                              _mm_cmpeq_epi16(_mm_load_si128(half + 1), tag8));
        found |= static_cast<unsigned>(_mm_movemask_epi8(equal));
#else
        for (unsigned i = 0; i < kSlots; ++i)
            found |= unsigned{tag[i] == wanted} << i;
#endif
        return static_cast<unsigned>(std::countr_zero(found));
    }
};

struct alignas(64) Floor::Record {
    std::array<net::Tuple, 2> after;  ///< By direction: what a packet's tuple becomes.
    flow::Rewrite rewrite;
    uint32_t seen;
    alignas(64) uint32_t tracked;
};

size_t Floor::bytes_needed(uint32_t flows) {
    return flows * sizeof(Record) +
           flow::CuckooIndex::buckets_for(flows, kIndexLoad) * sizeof(Line);
}

Result<std::unique_ptr<Floor>> Floor::create(const Book& book, uint32_t flows, PageKind kind) {
    static_assert(sizeof(Line) == 64 && sizeof(Record) == sizeof(flow::FlowRecord));
    auto pages = Pages::map(bytes_needed(flows), kind, -1);
    if (!pages)
        return pages.error();
    std::unique_ptr<Floor> floor(new Floor);
    floor->pages_ = std::move(pages).value();
    floor->hash_ = flow::TupleHash({1, 2, 3, 4});
    floor->lines_ = flow::CuckooIndex::buckets_for(flows, kIndexLoad);
    floor->record_ = reinterpret_cast<Record*>(floor->pages_.memory().data());
    floor->line_ = reinterpret_cast<Line*>(floor->record_ + flows);
    floor->is_tcp_ = book.protocol() == net::Protocol::Tcp;
    for (uint32_t flow = 0; flow < flows; ++flow)
        floor->add(book, flow);
    return floor;
}

void Floor::add(const Book& book, uint32_t flow) {
    const std::array<net::Tuple, 2> tuple{book.original(flow), book.reply(flow)};
    Record& record = record_[flow];
    record.rewrite = nat::rewrite_of(tuple);
    for (const Direction direction : {Direction::Original, Direction::Reply}) {
        record.after[index(direction)] = book.leaving(flow, direction);
        put(tuple[index(direction)], flow << 1 | static_cast<uint32_t>(direction));
    }
}

/// A key that finds its line full goes nowhere: its packets take some other flow's record, at the
/// same cost.
void Floor::put(const net::Tuple& tuple, uint32_t word) {
    const uint64_t hash = hash_(tuple);
    Line& line = line_[line_of(hash)];
    if (line.used == kSlots)
        return;
    line.tag[line.used] = tag_of(hash);
    line.word[line.used++] = word;
}

void Floor::forward(io::Port& from, io::Port& to, uint16_t queue) {
    std::array<rte_mbuf*, kBurst> mbuf;
    std::array<net::Tuple, kBurst> tuple;
    std::array<uint64_t, kBurst> hash;
    std::array<uint32_t, kBurst> word;
    const unsigned count = from.receive(queue, mbuf);
    for (unsigned i = 0; i < count; ++i)
        __builtin_prefetch(&ip_of(mbuf[i]));
    for (unsigned i = 0; i < count; ++i)
        tuple[i] = tuple_of(mbuf[i]);
    hash_.bulk(std::span(tuple).first(count), std::span(hash).first(count));
    for (unsigned i = 0; i < count; ++i)
        __builtin_prefetch(&line_[line_of(hash[i])]);
    for (unsigned i = 0; i < count; ++i) {
        const Line& line = line_[line_of(hash[i])];
        word[i] = line.word[line.match(tag_of(hash[i]))];
        __builtin_prefetch(&record_[word[i] >> 1], 1);
        if (is_tcp_)
            __builtin_prefetch(&record_[word[i] >> 1].tracked, 1);
    }
    for (unsigned i = 0; i < count; ++i)
        rewrite(mbuf[i], word[i]);
    to.transmit(queue, std::span(mbuf).first(count));
}

void Floor::rewrite(rte_mbuf* mbuf, uint32_t word) {
    Record& record = record_[word >> 1];
    const bool original = (word & 1) == 0;
    const net::Tuple& after = record.after[word & 1];
    const auto address =
        original ? record.rewrite.address : record.rewrite.address.toward(net::Direction::Reply);
    const auto transport = original ? record.rewrite.transport
                                    : record.rewrite.transport.toward(net::Direction::Reply);
    rte_ipv4_hdr& ip = ip_of(mbuf);
    ip.src_addr = after.source.raw;
    ip.dst_addr = after.destination.raw;
    ip.hdr_checksum = address.apply(ip.hdr_checksum);
    auto& ports = *reinterpret_cast<rte_udp_hdr*>(&ip + 1);
    ports.src_port = after.source_port.raw;
    ports.dst_port = after.destination_port.raw;
    ++record.seen;
    if (is_tcp_) {
        auto& tcp = *reinterpret_cast<rte_tcp_hdr*>(&ip + 1);
        tcp.cksum = transport.apply(tcp.cksum);
        record.tracked += tcp.sent_seq;
    } else {
        ports.dgram_cksum = transport.apply(ports.dgram_cksum);
    }
}

}  // namespace sluice::bench
