// SPDX-License-Identifier: BSD-3-Clause
#include "nat64/plain.h"

#include "base/bits.h"
#include "nat64/sums.h"
#include "nat64/to_ipv4.h"
#include "nat64/transport.h"

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace sluice::nat64 {
namespace {

constexpr uint8_t kWholeLength = 96;  // of a prefix behind which an address stands in one piece

/// What follows an IP header.
union Transport {
    rte_udp_hdr udp;
    rte_tcp_hdr tcp;
};

struct [[gnu::packed, gnu::aligned(2)]] Frame6 {
    rte_ether_hdr ether;
    rte_ipv6_hdr ip;
    Transport transport;
};

struct [[gnu::packed, gnu::aligned(2)]] Frame4 {
    rte_ether_hdr ether;
    rte_ipv4_hdr ip;
    Transport transport;
};

/// Whether so many bytes of transport have a header, with a sum in it.
bool has_header(uint8_t protocol, const Transport& transport, uint32_t bytes) {
    if (protocol == kTcp)
        return bytes >= sizeof transport.tcp;
    return protocol == kUdp && bytes >= sizeof transport.udp && transport.udp.dgram_cksum != 0;
}

/// As change_checksum() does, by what changed() adds.
void change_sum(uint8_t protocol, Transport& transport, uint16_t change) {
    const auto after = [change](uint16_t checksum) {
        return static_cast<uint16_t>(
            ~Sum().add_raw(static_cast<uint16_t>(~checksum)).add_raw(change).folded());
    };
    if (protocol == kTcp) {
        transport.tcp.cksum = after(transport.tcp.cksum);
        return;
    }
    const uint16_t sum = after(transport.udp.dgram_cksum);
    transport.udp.dgram_cksum = sum == 0 ? 0xffff : sum;
}

/// What a sum changes by when `to` comes in place of `from`. It is never 0 where addresses are, so
/// whoever adds it has what changed() has, to the bit.
uint16_t change_between(const Sum& from, Sum to) {
    return to.add_raw(static_cast<uint16_t>(~from.folded())).folded();
}

bool is_whole(const rte_mbuf* mbuf, size_t least) {
    return mbuf->data_len >= least && mbuf->pkt_len == mbuf->data_len;
}

uint32_t read32(const uint8_t* bytes) {
    uint32_t word;
    std::memcpy(&word, bytes, sizeof word);
    return word;
}

/// Both, as words.
struct Macs {
    uint64_t first;
    uint32_t rest;

    void write(uint8_t* to, Be16 type) const {
        std::memcpy(to, &first, sizeof first);
        std::memcpy(to + sizeof first, &rest, sizeof rest);
        std::memcpy(to + kMacsBytes, &type, sizeof type);
    }
};

Macs macs_of(const rte_mbuf* mbuf) {
    const auto* frame = rte_pktmbuf_mtod(mbuf, const uint8_t*);
    Macs macs;
    std::memcpy(&macs.first, frame, sizeof macs.first);
    std::memcpy(&macs.rest, frame + sizeof macs.first, sizeof macs.rest);
    return macs;
}

}  // namespace

PlainPackets::PlainPackets(const Addresses& addresses, Numbers& numbers, const net::MacAddress& mac,
                           bool is_wanted)
    : addresses_(addresses),
      numbers_(numbers),
      mac_(net::mac_bits(mac)),
      hosts_(network_of(addresses.params().numbers)) {
    const AddressParams& params = addresses.params();
    if (params.peers)
        peers_ = network_of(params.peers->network);
    if (!params.embedding || !is_wanted)
        return;
    const net::Ipv6Prefix& servers = params.embedding->prefix();
    std::vector<net::Ipv6Prefix> inside = params.routed;
    inside.push_back(params.own.network());
    for (const net::Ipv6Prefix& prefix : inside)
        inside_.push_back(masked(prefix));
    servers_ = servers.address;
    servers_sum_ = Sum().add(servers_).folded();
    is_well_known_ = params.embedding->is_well_known();
    recent_.resize(std::bit_ceil(std::clamp(numbers.capacity(), kLeastRecent, kMostRecent)));
    // Where one address may be two things, Edge says which.
    is_on_ = servers.length == kWholeLength && !servers.contains(params.link_local) &&
             std::none_of(inside.begin(), inside.end(), [&](const net::Ipv6Prefix& prefix) {
                 return prefix.contains(servers.address) || servers.contains(prefix.address);
             });
}

PlainPackets::Network PlainPackets::network_of(const net::Prefix& prefix) {
    return {Be32::from_host(prefix.mask()).raw,
            Be32::from_host(prefix.address.host() & prefix.mask()).raw};
}

PlainPackets::Masked PlainPackets::masked(const net::Ipv6Prefix& prefix) {
    const auto bits = [](unsigned count) {
        return count == 0 ? uint64_t{0} : ~uint64_t{0} << (64 - count);
    };
    const unsigned length = prefix.length;
    return {bits(std::min(length, 64u)), bits(std::max(length, 64u) - 64),
            prefix.network().address.high(), prefix.network().address.low()};
}

/// As Addresses::may_send() says of who sends to an IPv4 host.
bool PlainPackets::may_send(const net::Ipv6Address& source) const {
    const uint64_t high = source.high();
    const uint64_t low = source.low();
    for (const Masked& each : inside_)
        if ((high & each.high_mask) == each.high && (low & each.low_mask) == each.low)
            return source != addresses_.params().own.address && !source.is_link_local() &&
                   !source.is_multicast();
    return false;
}

/// Behind the prefix.
bool PlainPackets::is_reached(const net::Ipv6Address& server) const {
    return server.high() == servers_.high() && (server.low() ^ servers_.low()) >> 32 == 0;
}

/// As to_ipv4() does. Headers are made of whole words: what is read soon must not have been written
/// by halves.
void PlainPackets::become_ipv4(rte_mbuf* mbuf, const Ends& ends,
                               Identifications& identifications) const {
    const Be32 source = addresses_.of_number(ends.number);
    auto& frame = *rte_pktmbuf_mtod(mbuf, Frame6*);
    const uint8_t protocol = frame.ip.proto;
    const uint64_t hop_limit = frame.ip.hop_limits;
    const uint64_t traffic_class = Be32{frame.ip.vtc_flow}.host() >> 20 & 0xff;
    const uint64_t total = kIpv4Bytes + Be16{frame.ip.payload_len}.host();
    const bool may_be_cut = total <= kMayBeCut;
    const uint64_t identification = may_be_cut ? identifications.next() : 0;
    const uint64_t fragment = may_be_cut ? 0 : RTE_IPV4_HDR_DF_FLAG;
    // The server's own address is the same 32 bits in both, so it is in neither.
    change_sum(protocol, frame.transport,
               change_between(Sum().add(ends.source).add_raw(servers_sum_), Sum().add(source)));
    const auto first = Be64::from_host(uint64_t{RTE_IPV4_VHL_DEF} << 56 | traffic_class << 48 |
                                       total << 32 | identification << 16 | fragment);
    const uint64_t life = hop_limit << 56 | uint64_t{protocol} << 48;
    const auto sum = static_cast<uint16_t>(
        ~Sum().add(source).add(ends.to).add(first).add(Be64::from_host(life)).folded());
    const auto second = Be64::from_host(life | uint64_t{Be16{sum}.host()} << 32 | source.host());

    const Macs macs = macs_of(mbuf);
    auto* shorter = reinterpret_cast<uint8_t*>(rte_pktmbuf_adj(mbuf, kLonger));
    macs.write(shorter, Be16::from_host(RTE_ETHER_TYPE_IPV4));
    std::memcpy(shorter + kEtherBytes, &first, sizeof first);
    std::memcpy(shorter + kEtherBytes + 8, &second, sizeof second);
    std::memcpy(shorter + kEtherBytes + 16, &ends.to, sizeof ends.to);
    mbuf->ol_flags = (mbuf->ol_flags & ~RTE_MBUF_F_RX_IP_CKSUM_MASK) | RTE_MBUF_F_RX_IP_CKSUM_GOOD;
}

/// But for its addresses.
bool PlainPackets::is_plain(const rte_mbuf* mbuf) const {
    constexpr uint64_t kTags = RTE_MBUF_F_RX_VLAN_STRIPPED | RTE_MBUF_F_RX_QINQ_STRIPPED;
    if (!is_whole(mbuf, sizeof(Frame6) - sizeof(Transport) + sizeof(rte_udp_hdr)))
        return false;
    const auto& frame = *rte_pktmbuf_mtod(mbuf, const Frame6*);
    const uint32_t bytes = Be16{frame.ip.payload_len}.host();
    const auto version = *reinterpret_cast<const uint8_t*>(&frame.ip) >> 4;
    return (mbuf->ol_flags & kTags) == 0 &&
           frame.ether.ether_type == Be16::from_host(RTE_ETHER_TYPE_IPV6).raw &&
           net::destination_mac(&frame) == mac_ && version == 6 && frame.ip.hop_limits != 0 &&
           kEtherBytes + kIpv6Bytes + bytes <= mbuf->data_len && kIpv4Bytes + bytes <= UINT16_MAX &&
           has_header(frame.ip.proto, frame.transport, bytes);
}

/// Which are, and what their ends are; what is known of their hosts is sent for.
uint64_t PlainPackets::look(std::span<rte_mbuf* const> packets) {
    uint64_t plain = 0;
    for (unsigned i = 0; i < packets.size(); ++i) {
        if (!is_plain(packets[i]))
            continue;
        const rte_ipv6_hdr& ip = rte_pktmbuf_mtod(packets[i], const Frame6*)->ip;
        Ends& each = ends_[i];
        each.source = address_at(ip.src_addr);
        each.to = Be32{read32(ip.dst_addr + sizeof ip.dst_addr - sizeof(Be32))};
        if (!is_reached(address_at(ip.dst_addr)) || is_number(each.to) ||
            (is_well_known_ && is_private(each.to)) || !may_send(each.source))
            continue;
        each.recent = &recent_of(each.source);
        __builtin_prefetch(each.recent, 1);
        plain |= uint64_t{1} << i;
    }
    return plain;
}

/// Of these hosts, those whose numbers are known now. They are looked up where they have not been
/// of late, and are heard then.
uint64_t PlainPackets::find(uint64_t plain, Tick now) {
    uint64_t missing = 0;
    for (const unsigned i : SetBits{plain}) {
        const Recent& recent = *ends_[i].recent;
        if (recent.host == ends_[i].source && now - recent.heard < kRecent) {
            ends_[i].number = recent.number;
            continue;
        }
        missing |= uint64_t{1} << i;
        ends_[i].bucket = numbers_.bucket_of(ends_[i].source);
        numbers_.send_for(number_of(ends_[i].bucket, 0));
    }
    for (const unsigned i : SetBits{missing})
        numbers_.send_for_hosts(ends_[i].bucket);
    for (const unsigned i : SetBits{missing}) {
        const auto number = numbers_.find_in(ends_[i].bucket, ends_[i].source, now);
        if (!number) {
            plain &= ~(uint64_t{1} << i);
            continue;
        }
        ends_[i].number = *number;
        *ends_[i].recent = {ends_[i].source, *number, now};
    }
    return plain;
}

uint64_t PlainPackets::enter(std::span<rte_mbuf* const> packets, Identifications& identifications,
                             Tick now) {
    if (now - forgotten_ >= kForget) {
        forget();
        forgotten_ = now;
    }
    const uint64_t plain = is_on_ ? find(look(packets), now) : 0;
    for (const unsigned i : SetBits{plain})
        become_ipv4(packets[i], ends_[i], identifications);
    return plain;
}

void PlainPackets::forget() {
    std::fill(recent_.begin(), recent_.end(), Recent{});
}

void PlainPackets::expect(const rte_mbuf* mbuf) const {
    if (mbuf->data_len >= kEtherBytes + kIpv4Bytes)
        addresses_.send_for(Be32{rte_pktmbuf_mtod(mbuf, const Frame4*)->ip.dst_addr});
}

bool PlainPackets::leave(rte_mbuf* mbuf) const {
    if (!is_on_ || !is_whole(mbuf, kEtherBytes + kIpv4Bytes + sizeof(rte_udp_hdr)) ||
        rte_pktmbuf_headroom(mbuf) < kLonger)
        return false;
    auto& frame = *rte_pktmbuf_mtod(mbuf, Frame4*);
    const rte_ipv4_hdr ip = frame.ip;
    const uint32_t total = Be16{ip.total_length}.host();
    constexpr uint16_t kPart = RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK;
    const Be32 from{ip.src_addr};
    const Be32 to{ip.dst_addr};
    if (frame.ether.ether_type != Be16::from_host(RTE_ETHER_TYPE_IPV4).raw ||
        ip.version_ihl != RTE_IPV4_VHL_DEF || total < kIpv4Bytes ||
        kEtherBytes + total > mbuf->data_len || (ip.fragment_offset & Be16::from_host(kPart).raw) ||
        !has_header(ip.next_proto_id, frame.transport, total - kIpv4Bytes) || is_number(from) ||
        !hosts_.contains(to))
        return false;
    // Nothing for the gateway's own numbers, of which Edge knows.
    const auto destination = numbers_.address(Be32{to.raw & ~hosts_.mask}.host());
    if (!destination)
        return false;
    const auto source = net::Ipv6Address::of_words(servers_.high(), servers_.low() | from.host());
    change_sum(ip.next_proto_id, frame.transport,
               change_between(Sum().add(to), Sum().add(*destination).add_raw(servers_sum_)));
    const auto first = Be64::from_host(uint64_t{6} << 60 | uint64_t{ip.type_of_service} << 52 |
                                       uint64_t{total - kIpv4Bytes} << 16 |
                                       uint64_t{ip.next_proto_id} << 8 | ip.time_to_live);
    const Macs macs = macs_of(mbuf);
    auto* longer = reinterpret_cast<uint8_t*>(rte_pktmbuf_prepend(mbuf, kLonger));
    macs.write(longer, Be16::from_host(RTE_ETHER_TYPE_IPV6));
    std::memcpy(longer + kEtherBytes, &first, sizeof first);
    std::memcpy(longer + kEtherBytes + 8, &source, sizeof source);
    std::memcpy(longer + kEtherBytes + 24, &*destination, sizeof *destination);
    return true;
}

}  // namespace sluice::nat64
