// SPDX-License-Identifier: BSD-3-Clause
#include "why/frame.h"

#include "link/note.h"

#include <rte_ip.h>
#include <rte_mbuf.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <new>

namespace sluice::why {

namespace {

/// For the answers of neighbour discovery, which take the place of what asks.
constexpr size_t kRoom = 256;

}  // namespace

struct Frame::WithNote {
    alignas(rte_mbuf) std::array<std::byte, sizeof(rte_mbuf) + link::kNoteBytes> memory{};
    rte_mbuf* mbuf = new (memory.data()) rte_mbuf{};
};

Frame::Frame(std::span<const uint8_t> bytes)
    : bytes_(bytes.begin(), bytes.end()), mbuf_(std::make_unique<WithNote>()) {
    rte_mbuf& mbuf = *mbuf_->mbuf;
    mbuf.data_len = static_cast<uint16_t>(bytes_.size());
    mbuf.pkt_len = mbuf.data_len;
    bytes_.resize(std::min<size_t>(bytes_.size() + kRoom, UINT16_MAX));
    mbuf.buf_addr = bytes_.data();
    mbuf.buf_len = static_cast<uint16_t>(bytes_.size());
    mbuf.nb_segs = 1;
    mbuf.priv_size = link::kNoteBytes;
}

rte_mbuf* Frame::mbuf() const {
    return mbuf_->mbuf;
}

Frame::~Frame() = default;

void describe(const net::Packet& packet, const net::Tuple& tuple, Arrival& arrival) {
    arrival.is_parsed = true;
    arrival.tuple = tuple;
    arrival.source = Be32{packet.ip->src_addr};
    arrival.destination = Be32{packet.ip->dst_addr};
    arrival.length = packet.length;
    arrival.ttl = packet.ip->time_to_live;
    arrival.tcp_flags = packet.tcp_flags;
    arrival.icmp_type = packet.icmp_type;
    arrival.is_fragment = packet.is_fragment;
    arrival.is_icmp_error = packet.is_icmp_error;
}

}  // namespace sluice::why
