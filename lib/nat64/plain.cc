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

/// As change_checksum() does, by the difference of what it covers. That never is a sum of 0 where
/// addresses are, so this is what changed() says, to the bit.
[[gnu::always_inline]] inline void change_sum(uint8_t protocol, Transport& transport,
                                              const Sum& difference) {
    const auto after = [difference](uint16_t checksum) {
        Sum sum = difference;
        return static_cast<uint16_t>(~sum.add_raw(static_cast<uint16_t>(~checksum)).folded());
    };
    if (protocol == kTcp) {
        transport.tcp.cksum = after(transport.tcp.cksum);
        return;
    }
    const uint16_t sum = after(transport.udp.dgram_cksum);
    transport.udp.dgram_cksum = sum == 0 ? 0xffff : sum;
}

bool is_whole(const rte_mbuf* mbuf, size_t least) {
    return mbuf->data_len >= least && mbuf->pkt_len == mbuf->data_len;
}

/// The first eight bytes of an IP header.
uint64_t first_of(const void* header) {
    Be64 words;
    std::memcpy(&words.raw, header, sizeof words.raw);
    return words.host();
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

Macs macs_of(const void* frame) {
    const auto* bytes = static_cast<const uint8_t*>(frame);
    Macs macs;
    std::memcpy(&macs.first, bytes, sizeof macs.first);
    std::memcpy(&macs.rest, bytes + sizeof macs.first, sizeof macs.rest);
    return macs;
}

const rte_ipv6_hdr& ipv6_of(const rte_mbuf* mbuf) {
    return rte_pktmbuf_mtod(mbuf, const Frame6*)->ip;
}

}  // namespace

PlainPackets::PlainPackets(const Addresses& addresses, Numbers& numbers, const net::MacAddress& mac,
                           bool is_wanted)
    : addresses_(addresses),
      numbers_(numbers),
      mac_(net::mac_bits(mac)),
      hosts_(network_of(addresses.params().numbers)) {
    const AddressParams& params = addresses.params();
    note_refused(params.numbers);
    if (params.peers) {
        peers_ = network_of(params.peers->network);
        note_refused(params.peers->network);
    }
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
    for (const net::Prefix& network : kPrivateNetworks)
        if (is_well_known_)
            note_refused(network);
    recent_.resize(std::bit_ceil(std::clamp(numbers.capacity(), kLeastRecent, kMostRecent)));
    last_recent_ = recent_.size() - 1;
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

/// Of the addresses of a network some are not reached.
void PlainPackets::note_refused(const net::Prefix& network) {
    const uint32_t first = network.network().address.host();
    for (uint32_t byte = first >> 24; byte <= (first | ~network.mask()) >> 24; ++byte)
        refused_.set(byte);
}

/// An IPv4 host behind the prefix, and one that may be reached there.
bool PlainPackets::is_reached(const uint8_t* server) const {
    constexpr size_t kHostAt = sizeof(net::Ipv6Address) - sizeof(Be32);
    if (std::memcmp(server, servers_.bytes.data(), kHostAt) != 0)
        return false;
    if (!refused_[server[kHostAt]])
        return true;
    Be32 host;
    std::memcpy(&host.raw, server + kHostAt, sizeof host.raw);
    return !is_number(host) && !(is_well_known_ && is_private(host));
}

/// As to_ipv4() does. Headers are made of whole words: what is read soon must not have been written
/// by halves. The server's own address is the same 32 bits in both: no checksum knows it, and it
/// stays where it stands.
void PlainPackets::become_ipv4(rte_mbuf* mbuf, uint32_t number,
                               Identifications& identifications) const {
    static_assert(offsetof(Frame6, ip.dst_addr) + sizeof(net::Ipv6Address) ==
                  kLonger + offsetof(Frame4, ip.dst_addr) + sizeof(Be32));
    constexpr uint64_t kTypeOfService = uint64_t{0xff} << 48;
    const Be32 source{hosts_.value | Be32::from_host(number).raw};
    auto& frame = *rte_pktmbuf_mtod(mbuf, Frame6*);
    const uint64_t said = first_of(&frame.ip);
    const auto protocol = static_cast<uint8_t>(said >> 8);
    const uint64_t total = kIpv4Bytes + (said >> 16 & 0xffff);
    const uint64_t part =
        total <= kMayBeCut ? uint64_t{identifications.next()} << 16 : RTE_IPV4_HDR_DF_FLAG;
    change_sum(
        protocol, frame.transport,
        Sum().add(source).subtract(Sum().add(address_at(frame.ip.src_addr)).add_raw(servers_sum_)));
    const auto first = Be64::from_host(uint64_t{RTE_IPV4_VHL_DEF} << 56 |
                                       (said >> 4 & kTypeOfService) | total << 32 | part);
    const uint64_t life = said << 56 | uint64_t{protocol} << 48;
    Be32 to;
    std::memcpy(&to.raw, frame.ip.dst_addr + sizeof frame.ip.dst_addr - sizeof to.raw,
                sizeof to.raw);
    const auto sum = static_cast<uint16_t>(
        ~Sum().add(source).add(to).add(first).add(Be64::from_host(life)).folded());
    const auto second = Be64::from_host(life | uint64_t{Be16{sum}.host()} << 32 | source.host());

    const Macs macs = macs_of(&frame);
    auto* shorter = reinterpret_cast<uint8_t*>(rte_pktmbuf_adj(mbuf, kLonger));
    macs.write(shorter, Be16::from_host(RTE_ETHER_TYPE_IPV4));
    std::memcpy(shorter + kEtherBytes, &first, sizeof first);
    std::memcpy(shorter + kEtherBytes + 8, &second, sizeof second);
    mbuf->ol_flags = (mbuf->ol_flags & ~RTE_MBUF_F_RX_IP_CKSUM_MASK) | RTE_MBUF_F_RX_IP_CKSUM_GOOD;
}

/// But for its addresses.
bool PlainPackets::is_plain(const rte_mbuf* mbuf) const {
    constexpr uint64_t kTags = RTE_MBUF_F_RX_VLAN_STRIPPED | RTE_MBUF_F_RX_QINQ_STRIPPED;
    if (!is_whole(mbuf, sizeof(Frame6) - sizeof(Transport) + sizeof(rte_udp_hdr)))
        return false;
    const auto& frame = *rte_pktmbuf_mtod(mbuf, const Frame6*);
    const uint64_t said = first_of(&frame.ip);
    const auto hop_limit = static_cast<uint8_t>(said);
    const auto protocol = static_cast<uint8_t>(said >> 8);
    const auto bytes = static_cast<uint16_t>(said >> 16);
    return (mbuf->ol_flags & kTags) == 0 &&
           frame.ether.ether_type == Be16::from_host(RTE_ETHER_TYPE_IPV6).raw &&
           net::destination_mac(&frame) == mac_ && said >> 60 == 6 && hop_limit != 0 &&
           kEtherBytes + kIpv6Bytes + bytes <= mbuf->data_len &&
           has_header(protocol, frame.transport, bytes);
}

/// Which may be, and by whom they are sent; what is remembered of these is sent for.
uint64_t PlainPackets::look(std::span<rte_mbuf* const> packets) {
    uint64_t plain = 0;
    for (unsigned i = 0; i < packets.size(); ++i) {
        if (!is_plain(packets[i]) || !is_reached(ipv6_of(packets[i]).dst_addr))
            continue;
        Recent& recent = recent_of(address_at(ipv6_of(packets[i]).src_addr));
        __builtin_prefetch(&recent, 1);
        __builtin_prefetch(&recent.heard, 1);  // it may be in the next line
        sources_[i].recent = &recent;
        plain |= uint64_t{1} << i;
    }
    return plain;
}

uint64_t PlainPackets::enter(std::span<rte_mbuf* const> packets, Identifications& identifications,
                             Tick now) {
    if (now - forgotten_ >= kForget) {
        forget();
        forgotten_ = now;
    }
    if (!is_on_)
        return 0;
    uint64_t entered = 0;
    uint64_t others = 0;
    for (const unsigned i : SetBits{look(packets)}) {
        const Recent& recent = *sources_[i].recent;
        const bool is_known = recent.number != 0 && now - recent.heard < kRecent &&
                              recent.host == address_at(ipv6_of(packets[i]).src_addr);
        (is_known ? entered : others) |= uint64_t{1} << i;
        if (is_known)
            become_ipv4(packets[i], recent.number, identifications);
    }
    return others == 0 ? entered : entered | enter_others(packets, others, identifications, now);
}

/// Those who have not been heard of late: their numbers are looked up, and are heard then.
[[gnu::noinline]] uint64_t PlainPackets::enter_others(std::span<rte_mbuf* const> packets,
                                                      uint64_t which,
                                                      Identifications& identifications, Tick now) {
    const auto source = [&](unsigned i) { return address_at(ipv6_of(packets[i]).src_addr); };
    for (const unsigned i : SetBits{which}) {
        if (!may_send(source(i))) {
            which &= ~(uint64_t{1} << i);
            continue;
        }
        sources_[i].bucket = numbers_.bucket_of(source(i));
        numbers_.send_for(number_of(sources_[i].bucket, 0));
    }
    for (const unsigned i : SetBits{which})
        numbers_.send_for_hosts(sources_[i].bucket);
    uint64_t entered = 0;
    for (const unsigned i : SetBits{which}) {
        const auto host = source(i);
        const auto number = numbers_.find_in(sources_[i].bucket, host, now);
        if (!number)
            continue;
        *sources_[i].recent = {host, *number, now};
        become_ipv4(packets[i], *number, identifications);
        entered |= uint64_t{1} << i;
    }
    return entered;
}

void PlainPackets::forget() {
    std::fill(recent_.begin(), recent_.end(), Recent{});
}

uint64_t PlainPackets::passing(std::span<rte_mbuf* const> packets, uint64_t which) const {
    constexpr uint64_t kTags =
        RTE_MBUF_F_RX_VLAN_STRIPPED | RTE_MBUF_F_RX_QINQ_STRIPPED | RTE_MBUF_F_TX_VLAN;
    uint64_t passing = 0;
    for (const unsigned i : SetBits{which}) {
        const rte_mbuf* mbuf = packets[i];
        const auto& frame = *rte_pktmbuf_mtod(mbuf, const Frame4*);
        if (mbuf->data_len >= kEtherBytes + kIpv4Bytes && (mbuf->ol_flags & kTags) == 0 &&
            frame.ether.ether_type == Be16::from_host(RTE_ETHER_TYPE_IPV4).raw &&
            !is_number(Be32{frame.ip.src_addr}) && !is_number(Be32{frame.ip.dst_addr}))
            passing |= uint64_t{1} << i;
    }
    return passing;
}

void PlainPackets::expect(const rte_mbuf* mbuf) const {
    if (mbuf->data_len < kEtherBytes + kIpv4Bytes)
        return;
    const Be32 to{rte_pktmbuf_mtod(mbuf, const Frame4*)->ip.dst_addr};
    if (hosts_.contains(to))
        numbers_.send_for(number_in(to));
}

/// False where it is not plain. Inlined into the loop over a burst, whose packets have in common
/// what is read of this object.
[[gnu::always_inline]] inline bool PlainPackets::become_ipv6(rte_mbuf* mbuf) const {
    constexpr uint64_t kPart = RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK;
    constexpr uint64_t kTrafficClass = uint64_t{0xff} << 52;
    if (!is_whole(mbuf, kEtherBytes + kIpv4Bytes + sizeof(rte_udp_hdr)) ||
        rte_pktmbuf_headroom(mbuf) < kLonger)
        return false;
    auto& frame = *rte_pktmbuf_mtod(mbuf, Frame4*);
    const uint64_t said = first_of(&frame.ip);
    const uint64_t total = said >> 32 & 0xffff;
    const uint8_t protocol = frame.ip.next_proto_id;
    const uint8_t time_to_live = frame.ip.time_to_live;
    const Be32 from{frame.ip.src_addr};
    const Be32 to{frame.ip.dst_addr};
    if (frame.ether.ether_type != Be16::from_host(RTE_ETHER_TYPE_IPV4).raw ||
        said >> 56 != RTE_IPV4_VHL_DEF || (said & kPart) != 0 || total < kIpv4Bytes ||
        kEtherBytes + total > mbuf->data_len ||
        !has_header(protocol, frame.transport, static_cast<uint32_t>(total - kIpv4Bytes)) ||
        is_number(from) || !hosts_.contains(to))
        return false;
    // Nothing for the gateway's own numbers, of which Edge knows.
    const auto destination = numbers_.address(number_in(to));
    if (!destination)
        return false;
    change_sum(protocol, frame.transport,
               Sum().add(*destination).add_raw(servers_sum_).subtract(Sum().add(to)));
    const auto first =
        Be64::from_host(uint64_t{6} << 60 | (said << 4 & kTrafficClass) |
                        (total - kIpv4Bytes) << 16 | uint64_t{protocol} << 8 | time_to_live);
    const Macs macs = macs_of(&frame);
    auto* longer = reinterpret_cast<uint8_t*>(rte_pktmbuf_prepend(mbuf, kLonger));
    macs.write(longer, Be16::from_host(RTE_ETHER_TYPE_IPV6));
    std::memcpy(longer + kEtherBytes, &first, sizeof first);
    std::memcpy(longer + kEtherBytes + 8, &servers_, sizeof servers_);
    std::memcpy(longer + kEtherBytes + 20, &from, sizeof from);
    std::memcpy(longer + kEtherBytes + 24, &*destination, sizeof *destination);
    return true;
}

bool PlainPackets::leave(rte_mbuf* mbuf) const {
    return is_on_ && become_ipv6(mbuf);
}

uint64_t PlainPackets::leave(std::span<rte_mbuf* const> packets, uint64_t which) const {
    uint64_t left = 0;
    for (const unsigned i : SetBits{is_on_ ? which : 0})
        if (become_ipv6(packets[i]))
            left |= uint64_t{1} << i;
    return left;
}

}  // namespace sluice::nat64
