// SPDX-License-Identifier: BSD-3-Clause
#include "nat64/icmpv6_answers.h"

#include "nat64/icmp_types.h"
#include "nat64/sums.h"
#include "nat64/transport.h"
#include "net/mac.h"

#include <rte_ether.h>
#include <rte_mbuf.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace sluice::nat64 {
namespace {

constexpr uint8_t kOwnHopLimit = 64;
constexpr uint8_t kEchoRequest = 128;
constexpr uint8_t kEchoReply = 129;
constexpr uint8_t kRedirect = 137;

/// Of what an ICMPv6 header begins with; null where it is not in the first segment.
const uint8_t* icmp_of(const rte_mbuf* mbuf, const Headers& headers) {
    const size_t at = kEtherBytes + headers.bytes;
    if (headers.transport_bytes < kIcmpBytes || rte_pktmbuf_data_len(mbuf) < at + kIcmpBytes)
        return nullptr;
    return rte_pktmbuf_mtod_offset(mbuf, const uint8_t*, at);
}

void write_header(uint8_t* ip, const net::Ipv6Address& source, const net::Ipv6Address& destination,
                  size_t payload) {
    const uint8_t head[] = {0x60,
                            0,
                            0,
                            0,
                            static_cast<uint8_t>(payload >> 8),
                            static_cast<uint8_t>(payload),
                            kIcmpv6,
                            kOwnHopLimit};
    std::memcpy(ip, head, sizeof head);
    std::memcpy(ip + 8, source.bytes.data(), 16);
    std::memcpy(ip + 24, destination.bytes.data(), 16);
}

}  // namespace

/// Of a later fragment nobody can tell whether it is part of an error; of what is not read,
/// neither.
bool may_answer_with_error(const rte_mbuf* mbuf, const Headers& headers) {
    const net::Ipv6Address& to = headers.source;
    if (to.is_unspecified() || to.is_multicast() || headers.destination.is_multicast() ||
        headers.protocol == kNoTransport)
        return false;
    if (headers.protocol != kIcmpv6)
        return true;
    const uint8_t* icmp = headers.is_first() ? icmp_of(mbuf, headers) : nullptr;
    return icmp != nullptr && !is_icmpv6_error(icmp[0]) && icmp[0] != kRedirect;
}

bool write_icmpv6_error(rte_mbuf* answer, const Icmpv6Error& error, const net::Ipv6Address& source,
                        const rte_mbuf* about, const Headers& headers) {
    constexpr size_t kBeforeQuote = kIpv6Bytes + kIcmpBytes;
    const size_t all = size_t{headers.bytes} + headers.transport_bytes;
    const auto quoted = static_cast<uint16_t>(
        std::min({all, kLeastMtu - kBeforeQuote, rte_pktmbuf_pkt_len(about) - kEtherBytes}));
    auto* frame = reinterpret_cast<uint8_t*>(
        rte_pktmbuf_append(answer, static_cast<uint16_t>(kEtherBytes + kBeforeQuote + quoted)));
    if (frame == nullptr)
        return false;
    const auto* came = rte_pktmbuf_mtod(about, const uint8_t*);
    net::write_macs(frame, net::source_mac(came), net::destination_mac(came));
    write_word(frame + kMacsBytes, Be16::from_host(RTE_ETHER_TYPE_IPV6).raw);
    const size_t bytes = kIcmpBytes + quoted;
    write_header(frame + kEtherBytes, source, headers.source, bytes);
    uint8_t* icmp = frame + kEtherBytes + kIpv6Bytes;
    write_head(icmp, {error.type, error.code, error.rest});
    write_word(icmp + 2, 0);
    std::array<uint8_t, kLeastMtu> space;
    std::memcpy(icmp + kIcmpBytes, rte_pktmbuf_read(about, kEtherBytes, quoted, space.data()),
                quoted);
    const Sum sum = pseudo_header(source, headers.source, static_cast<uint16_t>(bytes), kIcmpv6)
                        .add(icmp, bytes);
    write_word(icmp + 2, static_cast<uint16_t>(~sum.folded()));
    return true;
}

bool turn_ping(rte_mbuf* mbuf, const Headers& headers) {
    const bool is_host = !headers.source.is_unspecified() && !headers.source.is_multicast() &&
                         !headers.source.is_loopback();
    const uint8_t* ping = headers.protocol == kIcmpv6 && headers.is_whole() && is_host
                              ? icmp_of(mbuf, headers)
                              : nullptr;
    if (ping == nullptr || ping[0] != kEchoRequest || ping[1] != 0)
        return false;
    auto* frame = rte_pktmbuf_mtod(mbuf, uint8_t*);
    net::write_macs(frame, net::source_mac(frame), net::destination_mac(frame));
    uint8_t* ip = frame + kEtherBytes;
    std::memcpy(ip + 8, headers.destination.bytes.data(), 16);
    std::memcpy(ip + 24, headers.source.bytes.data(), 16);
    ip[7] = kOwnHopLimit;
    // The addresses have changed places, so the type is all that is another.
    uint8_t* icmp = ip + headers.bytes;
    const uint16_t before = read_word(icmp);
    icmp[0] = kEchoReply;
    write_word(icmp + 2,
               changed(read_word(icmp + 2), Sum().add_raw(before), Sum().add_raw(read_word(icmp))));
    return true;
}

}  // namespace sluice::nat64
