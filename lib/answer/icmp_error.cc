// SPDX-License-Identifier: BSD-3-Clause
#include "answer/icmp_error.h"

#include "net/checksum.h"
#include "net/icmp.h"
#include "net/prefix.h"

#include <rte_icmp.h>
#include <rte_ip.h>

#include <algorithm>
#include <cassert>
#include <cstring>

namespace sluice::answer {
namespace {

constexpr uint8_t kNetworkControl = 0xc0;  // RFC 1812 §4.3.2.5: precedence 6
constexpr size_t kHeaderBytes = sizeof(rte_ipv4_hdr) + sizeof(rte_icmp_hdr);
constexpr size_t kQuoteBytes = kIcmpErrorBytes - kHeaderBytes;

/// An error about this message is none about an error. Router discovery (RFC 1256) is neither query
/// nor error; of what is unknown nobody can tell.
bool is_no_error(uint8_t type) {
    constexpr uint8_t kRouterAdvertisement = 9;
    constexpr uint8_t kRouterSolicitation = 10;
    return net::is_icmp_query(type) || net::is_icmp_answer(type) || type == kRouterAdvertisement ||
           type == kRouterSolicitation;
}

uint16_t checksum_of(const void* start, size_t bytes) {
    return static_cast<uint16_t>(~rte_raw_cksum(start, bytes));
}

}  // namespace

bool may_answer_with_error(const net::Packet& packet) {
    const rte_ipv4_hdr& ip = *packet.ip;
    const Be32 destination{ip.dst_addr};
    if (net::is_martian(Be32{ip.src_addr}) || net::is_multicast_or_reserved(destination) ||
        net::is_loopback(destination))
        return false;
    if ((Be16{ip.fragment_offset}.host() & RTE_IPV4_HDR_OFFSET_MASK) != 0)
        return false;
    return ip.next_proto_id != IPPROTO_ICMP || is_no_error(*packet.transport);
}

size_t write_icmp_error(std::span<uint8_t> out, IcmpError error, Be32 source,
                        const net::Packet& packet) {
    assert(out.size() >= kIcmpErrorBytes);
    const size_t quoted = std::min<size_t>({packet.length, packet.head_bytes, kQuoteBytes});
    const size_t length = kHeaderBytes + quoted;

    rte_ipv4_hdr ip{};
    ip.version_ihl = RTE_IPV4_VHL_DEF;
    ip.type_of_service = kNetworkControl;
    ip.total_length = Be16::from_host(static_cast<uint16_t>(length)).raw;
    // Whole and never to be cut, so it needs no identification (RFC 6864 §4.1).
    ip.fragment_offset = Be16::from_host(RTE_IPV4_HDR_DF_FLAG).raw;
    ip.time_to_live = kOwnTtl;
    ip.next_proto_id = IPPROTO_ICMP;
    ip.src_addr = source.raw;
    ip.dst_addr = packet.ip->src_addr;
    ip.hdr_checksum = checksum_of(&ip, sizeof ip);

    rte_icmp_hdr icmp{};
    icmp.icmp_type = error.type;
    icmp.icmp_code = error.code;
    icmp.icmp_seq_nb = Be16::from_host(error.mtu).raw;  // RFC 1191 §4: where the MTU stands

    std::memcpy(out.data(), &ip, sizeof ip);
    uint8_t* const message = out.data() + sizeof ip;
    std::memcpy(message, &icmp, sizeof icmp);
    std::memcpy(message + sizeof icmp, packet.ip, quoted);
    icmp.icmp_cksum = checksum_of(message, sizeof icmp + quoted);
    std::memcpy(message, &icmp, sizeof icmp);
    return length;
}

void turn_header(net::Packet& packet) {
    rte_ipv4_hdr& ip = *packet.ip;
    const uint32_t requester = ip.src_addr;
    ip.src_addr = ip.dst_addr;
    ip.dst_addr = requester;
    ip.time_to_live = kOwnTtl;
    ip.hdr_checksum = 0;
    ip.hdr_checksum = checksum_of(&ip, net::ip_header_bytes(packet));
}

void turn_echo_request(net::Packet& packet) {
    turn_header(packet);
    // Incremental, so that damage to the payload stays visible to who asked.
    auto& icmp = *reinterpret_cast<rte_icmp_hdr*>(packet.transport);
    const auto first_word = [&icmp] {
        return Be16::from_host(static_cast<uint16_t>(icmp.icmp_type << 8 | icmp.icmp_code));
    };
    const Be16 before = first_word();
    icmp.icmp_type = net::kEchoReply;
    net::ChecksumDelta delta;
    delta.change(before, first_word());
    icmp.icmp_cksum = delta.apply(icmp.icmp_cksum);
    packet.icmp_type = net::kEchoReply;
}

}  // namespace sluice::answer
