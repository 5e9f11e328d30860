// SPDX-License-Identifier: BSD-3-Clause
#include "worker/tcp_numbers.h"

#include "base/big_endian.h"
#include "helper/sequence.h"
#include "net/checksum.h"
#include "net/header_options.h"

#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_tcp.h>

#include <cstring>

namespace sluice::worker {
namespace {

constexpr uint8_t kSack = 5;
constexpr size_t kEdgeBytes = 4;

Be16 sum_of(std::span<const uint8_t> bytes) {
    return Be16{rte_raw_cksum(bytes.data(), bytes.size())};
}

/// The sum of what has one number in the place of another.
uint16_t changed(uint16_t sum, Be32 before, Be32 after) {
    net::ChecksumDelta delta;
    delta.change(before, after);
    return delta.apply(sum);
}

void restore_edges(std::span<uint8_t> blocks, const helper::Correction& correction) {
    for (; blocks.size() >= kEdgeBytes; blocks = blocks.subspan(kEdgeBytes)) {
        Be32 edge;
        std::memcpy(&edge.raw, blocks.data(), kEdgeBytes);
        edge = Be32::from_host(correction.acknowledged(edge.host()));
        std::memcpy(blocks.data(), &edge.raw, kEdgeBytes);
    }
}

void restore_sacks(std::span<uint8_t> options, const helper::Correction& correction) {
    using Options = net::HeaderOptions<uint8_t>;
    Options all(options);
    for (auto option = all.next(); !option.empty(); option = all.next())
        if (option[0] == kSack)
            restore_edges(option.subspan(Options::kHeadBytes), correction);
}

}  // namespace

size_t tcp_header_bytes(const net::Packet& packet) {
    return (tcp_of(packet).data_off >> 4) * size_t{4};
}

void set_seq(const net::Packet& packet, uint32_t seq) {
    rte_tcp_hdr& tcp = tcp_of(packet);
    const Be32 after = Be32::from_host(seq);
    tcp.cksum = changed(tcp.cksum, Be32{tcp.sent_seq}, after);
    tcp.sent_seq = after.raw;
}

void restore_acks(const net::Packet& packet, const helper::Correction& correction) {
    rte_tcp_hdr& tcp = tcp_of(packet);
    const Be32 ack = Be32::from_host(correction.acknowledged(Be32{tcp.recv_ack}.host()));
    tcp.cksum = changed(tcp.cksum, Be32{tcp.recv_ack}, ack);
    tcp.recv_ack = ack.raw;
    const std::span<uint8_t> options(packet.transport + sizeof tcp,
                                     tcp_header_bytes(packet) - sizeof tcp);
    const Be16 before = sum_of(options);
    restore_sacks(options, correction);
    net::ChecksumDelta delta;
    delta.change(before, sum_of(options));
    tcp.cksum = delta.apply(tcp.cksum);
}

bool make_whole(rte_mbuf* mbuf, net::Packet& packet) {
    if (packet.is_fragment)
        return false;
    if (packet.head_bytes == packet.length)
        return true;
    if (rte_pktmbuf_linearize(mbuf) != 0)
        return false;
    packet.head_bytes = packet.length;
    return true;
}

void replace(rte_mbuf* mbuf, net::Packet& packet, const Part& part, std::string_view by) {
    rte_tcp_hdr& tcp = tcp_of(packet);
    const size_t headers = net::ip_header_bytes(packet) + tcp_header_bytes(packet);
    const size_t bytes = packet.length - headers;
    uint8_t* const data = packet.transport + tcp_header_bytes(packet);
    const Be16 sum_before = sum_of({data, bytes});
    const auto grown = static_cast<uint16_t>(packet.length - part.bytes + by.size());

    if (by.size() > part.bytes)
        rte_pktmbuf_append(mbuf, static_cast<uint16_t>(by.size() - part.bytes));
    std::memmove(data + part.at + by.size(), data + part.at + part.bytes,
                 bytes - part.at - part.bytes);
    std::memcpy(data + part.at, by.data(), by.size());
    if (by.size() < part.bytes)
        rte_pktmbuf_trim(mbuf, static_cast<uint16_t>(part.bytes - by.size()));

    net::ChecksumDelta length;
    length.change(Be16::from_host(packet.length), Be16::from_host(grown));
    packet.ip->total_length = Be16::from_host(grown).raw;
    packet.ip->hdr_checksum = length.apply(packet.ip->hdr_checksum);
    net::ChecksumDelta delta = length;  // of TCP's length, in its sum, likewise
    delta.change(sum_before, sum_of({data, grown - headers}));
    tcp.cksum = delta.apply(tcp.cksum);
    packet.length = packet.head_bytes = packet.datagram = grown;
}

}  // namespace sluice::worker
