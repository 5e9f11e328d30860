// SPDX-License-Identifier: BSD-3-Clause
#include "why/frame.h"

#include <rte_ip.h>
#include <rte_mbuf.h>

#include <algorithm>
#include <cstddef>

namespace sluice::why {

namespace {

/// For the answers of neighbour discovery, which take the place of what asks.
constexpr size_t kRoom = 256;

}  // namespace

Frame::Frame(std::span<const uint8_t> bytes)
    : bytes_(bytes.begin(), bytes.end()), mbuf_(std::make_unique<rte_mbuf>()) {
    mbuf_->data_len = static_cast<uint16_t>(bytes_.size());
    mbuf_->pkt_len = mbuf_->data_len;
    bytes_.resize(std::min<size_t>(bytes_.size() + kRoom, UINT16_MAX));
    mbuf_->buf_addr = bytes_.data();
    mbuf_->buf_len = static_cast<uint16_t>(bytes_.size());
    mbuf_->nb_segs = 1;
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
