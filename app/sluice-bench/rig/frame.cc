// SPDX-License-Identifier: BSD-3-Clause
#include "rig/frame.h"

#include "conntrack/tcp_state.h"

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <span>

namespace sluice::bench {
namespace {

using net::Direction;
using net::Protocol;

constexpr std::array<uint8_t, 4> kWindowScale{1, 3, 3, 14};  // the widest: RFC 7323 §2
/// In the layout that RFC 7323, appendix A, recommends; what the clocks say does not matter.
constexpr std::array<uint8_t, 12> kTimestamp{1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 1};
constexpr uint16_t kEnd = sizeof(rte_ether_hdr) + sizeof(rte_ipv4_hdr);

struct Headers {
    rte_ether_hdr* ether;
    rte_ipv4_hdr* ip;
    uint8_t* transport;
};

Headers headers_of(rte_mbuf* mbuf) {
    auto* start = rte_pktmbuf_mtod(mbuf, uint8_t*);
    return {reinterpret_cast<rte_ether_hdr*>(start),
            reinterpret_cast<rte_ipv4_hdr*>(start + sizeof(rte_ether_hdr)), start + kEnd};
}

uint8_t flags_of(const Item& item) {
    using namespace conntrack;
    switch (item.kind) {
        case Kind::Open:
            return item.direction == Direction::Original ? kSyn : kSyn | kAck;
        case Kind::Finish:
            return kFin | kAck;
        default:
            return kAck;
    }
}

/// Bytes behind the IP header.
uint16_t write_udp(uint8_t* to, const net::Tuple& tuple, const Item& item) {
    const auto bytes = static_cast<uint16_t>(item.bytes - kEnd);
    std::memset(to, 0, bytes);
    auto& udp = *reinterpret_cast<rte_udp_hdr*>(to);
    udp.src_port = tuple.source_port.raw;
    udp.dst_port = tuple.destination_port.raw;
    udp.dgram_len = Be16::from_host(bytes).raw;
    return bytes;
}

std::span<const uint8_t> options_of(const Item& item) {
    if (item.kind == Kind::Open)
        return kWindowScale;
    return item.has_timestamp && item.kind != Kind::Finish ? kTimestamp
                                                           : std::span<const uint8_t>();
}

uint16_t write_tcp(uint8_t* to, const net::Tuple& tuple, const Item& item, Book& book) {
    const std::span<const uint8_t> options = options_of(item);
    const size_t header = sizeof(rte_tcp_hdr) + options.size();
    const bool has_data = item.kind == Kind::Data || item.kind == Kind::Other;
    const size_t payload = has_data && item.bytes > kEnd + header ? item.bytes - kEnd - header : 0;
    auto& next = book.next(item.flow);
    if (item.kind == Kind::Open && item.direction == Direction::Original)
        next = {1'000'000, 5'000'000};
    uint32_t& own = next[index(item.direction)];
    std::memset(to, 0, header + payload);
    auto& tcp = *reinterpret_cast<rte_tcp_hdr*>(to);
    tcp.src_port = tuple.source_port.raw;
    tcp.dst_port = tuple.destination_port.raw;
    tcp.sent_seq = Be32::from_host(own).raw;
    tcp.tcp_flags = flags_of(item);
    if (tcp.tcp_flags & conntrack::kAck)
        tcp.recv_ack = Be32::from_host(next[index(opposite(item.direction))]).raw;
    tcp.data_off = static_cast<uint8_t>(header / 4 << 4);
    tcp.rx_win = Be16::from_host(65535).raw;
    std::copy(options.begin(), options.end(), to + sizeof tcp);
    if (item.kind != Kind::Other)
        own +=
            static_cast<uint32_t>(payload) + (item.kind == Kind::Open || item.kind == Kind::Finish);
    return static_cast<uint16_t>(header + payload);
}

/// Where the sum of the transport header stands.
uint8_t* transport_sum(const Headers& headers) {
    return headers.transport + (headers.ip->next_proto_id == static_cast<uint8_t>(Protocol::Tcp)
                                    ? offsetof(rte_tcp_hdr, cksum)
                                    : offsetof(rte_udp_hdr, dgram_cksum));
}

/// True when the sum is that of the packet; it is computed anew, with nothing in its place.
bool is_transport_sum_good(const Headers& headers) {
    uint8_t* const sum = transport_sum(headers);
    uint16_t seen = 0;
    std::memcpy(&seen, sum, sizeof seen);
    std::memset(sum, 0, sizeof seen);
    const uint16_t computed = rte_ipv4_udptcp_cksum(headers.ip, headers.transport);
    std::memcpy(sum, &seen, sizeof seen);
    return seen == computed;
}

}  // namespace

void write_frame(rte_mbuf* mbuf, const Item& item, const Addressing& addressing, Book& book) {
    item_of(mbuf) = item;
    const net::Tuple tuple = book.arriving(item.flow, item.direction);
    const Headers headers = headers_of(mbuf);
    std::copy(addressing.source.begin(), addressing.source.end(),
              headers.ether->src_addr.addr_bytes);
    std::copy(addressing.destination.begin(), addressing.destination.end(),
              headers.ether->dst_addr.addr_bytes);
    headers.ether->ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4);

    const uint16_t bytes = tuple.protocol == Protocol::Tcp
                               ? write_tcp(headers.transport, tuple, item, book)
                               : write_udp(headers.transport, tuple, item);
    rte_ipv4_hdr& ip = *headers.ip;
    ip = {};
    ip.version_ihl = RTE_IPV4_VHL_DEF;
    ip.total_length = Be16::from_host(static_cast<uint16_t>(sizeof ip + bytes)).raw;
    ip.time_to_live = kTtl;
    ip.next_proto_id = static_cast<uint8_t>(tuple.protocol);
    ip.src_addr = tuple.source.raw;
    ip.dst_addr = tuple.destination.raw;
    ip.hdr_checksum = rte_ipv4_cksum(&ip);
    const uint16_t sum = rte_ipv4_udptcp_cksum(&ip, headers.transport);
    std::memcpy(transport_sum(headers), &sum, sizeof sum);
    mbuf->data_len = static_cast<uint16_t>(kEnd + bytes);
    mbuf->pkt_len = mbuf->data_len;
}

void learn_from(rte_mbuf* mbuf, Book& book) {
    const Headers headers = headers_of(mbuf);
    const auto& udp = *reinterpret_cast<const rte_udp_hdr*>(headers.transport);  // or TCP
    book.learn(item_of(mbuf).flow, Be32{headers.ip->src_addr}, Be16{udp.src_port});
}

const char* find_fault(rte_mbuf* mbuf, const Book& book, uint8_t ttl) {
    const Item& item = item_of(mbuf);
    const net::Tuple wanted = book.leaving(item.flow, item.direction);
    const Headers headers = headers_of(mbuf);
    const rte_ipv4_hdr& ip = *headers.ip;
    const auto& udp = *reinterpret_cast<const rte_udp_hdr*>(headers.transport);
    if (ip.src_addr != wanted.source.raw || ip.dst_addr != wanted.destination.raw)
        return "its addresses";
    if (udp.src_port != wanted.source_port.raw || udp.dst_port != wanted.destination_port.raw)
        return "its ports";
    if (ip.time_to_live != ttl)
        return "its TTL";
    if (rte_raw_cksum(&ip, sizeof ip) != 0xffff)
        return "its IP checksum";
    if (!is_transport_sum_good(headers))
        return "its transport checksum";
    return nullptr;
}

}  // namespace sluice::bench
