// SPDX-License-Identifier: BSD-3-Clause
#include "nat64/edge.h"

#include "nat64/icmp_types.h"
#include "nat64/icmpv6_answers.h"
#include "nat64/to_ipv4.h"
#include "nat64/to_ipv6.h"
#include "nat64/transport.h"

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>

#include <cstring>
#include <span>

namespace sluice::nat64 {

using net::Side;
using stats::Drop;
using Fate = Entered::Fate;

namespace {

constexpr uint16_t kVlanMask = 0xfff;  // of a tag's control information

uint16_t type_at(std::span<const uint8_t> frame, size_t at) {
    return frame.size() < at + 2 ? uint16_t{0} : Be16{read_word(&frame[at])}.host();
}

Be32 address_at(std::span<const uint8_t> frame, size_t at) {
    Be32 address;
    std::memcpy(&address.raw, &frame[at], sizeof address.raw);
    return address;
}

std::span<const uint8_t> first_segment(const rte_mbuf* mbuf) {
    return {rte_pktmbuf_mtod(mbuf, const uint8_t*), rte_pktmbuf_data_len(mbuf)};
}

}  // namespace

/// IPv4 or ARP, with a VLAN tag or without, that has the number of a host or of the gateway.
bool Edge::uses_number(const rte_mbuf* mbuf) const {
    if (const std::span<const uint8_t> frame = first_segment(mbuf);
        frame.size() >= kEtherBytes + kIpv4Bytes &&
        read_word(&frame[kMacsBytes]) == Be16::from_host(RTE_ETHER_TYPE_IPV4).raw) {  // mostly
        const auto& ip = *reinterpret_cast<const rte_ipv4_hdr*>(&frame[kEtherBytes]);
        return addresses_.is_number(Be32{ip.src_addr}) || addresses_.is_number(Be32{ip.dst_addr});
    }
    const std::span<const uint8_t> frame = first_segment(mbuf);
    size_t at = kEtherBytes - 2;
    if (type_at(frame, at) == RTE_ETHER_TYPE_VLAN)
        at += 4;
    const uint16_t type = type_at(frame, at);
    const bool is_arp = type == RTE_ETHER_TYPE_ARP;
    if (type != RTE_ETHER_TYPE_IPV4 && !is_arp)
        return false;
    const size_t source = at + 2 + (is_arp ? 14 : 12);
    const size_t destination = at + 2 + (is_arp ? 24 : 16);
    return frame.size() >= destination + 4 &&
           (addresses_.is_number(address_at(frame, source)) ||
            addresses_.is_number(address_at(frame, destination)));
}

Entered Edge::enter(rte_mbuf* mbuf, uint8_t port, Tick now) {
    // A tag with a priority alone counts as none.
    const bool has_tag =
        (mbuf->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) != 0 && (mbuf->vlan_tci & kVlanMask) != 0;
    const bool is_served = port == params_.port || is_outside(port);
    if (is_served && !has_tag &&
        type_at(first_segment(mbuf), kEtherBytes - 2) == RTE_ETHER_TYPE_IPV6) {
        Entered entered =
            enter_ipv6(mbuf, port == params_.port ? Side::Inside : Side::Outside, now);
        entered.is_ipv6 = true;
        return entered;
    }
    return uses_number(mbuf) ? Entered::dropped(Drop::Ipv6Number) : Entered{};
}

Entered Edge::enter_ipv6(rte_mbuf* mbuf, Side from, Tick now) {
    const uint64_t to = net::destination_mac(rte_pktmbuf_mtod(mbuf, const void*));
    const bool is_group = (to & net::kGroupMac) != 0;
    if (!is_group && to != net::mac_bits(from == Side::Inside ? params_.mac : params_.outside->mac))
        return Entered::dropped(Drop::NotForUs);
    way_.from = from;
    Headers& headers = way_.headers;
    const auto reason = read_headers(first_segment(mbuf).subspan(kEtherBytes), headers);
    if (reason && (*reason != Drop::Ipv6Untranslatable || !crossing_.is_on()))
        return Entered::dropped(*reason);
    const size_t transport = kEtherBytes + headers.bytes;
    const bool is_message =
        headers.protocol == kIcmpv6 && headers.is_first() && rte_pktmbuf_data_len(mbuf) > transport;
    if (is_message &&
        Discovery::is_discovery(*rte_pktmbuf_mtod_offset(mbuf, const uint8_t*, transport)))
        return discovery_[index(from)].hear(mbuf, headers, now);
    if (is_group || headers.destination.is_multicast())
        return Entered::dropped(Drop::MulticastOrBroadcast);
    if (headers.hop_limit == 0)
        return Entered::dropped(Drop::TtlZero);
    return from == Side::Inside ? translate(mbuf, now) : pass_on(mbuf, now);
}

/// To who is on the link, or beyond it, but not to an address that is inside.
Entered Edge::answer_outside(rte_mbuf* mbuf) {
    const net::Ipv6Address& source = way_.headers.source;
    if (is_global(source) && (crossing_.refuse_source(source) || addresses_.is_routed(source)))
        return Entered::dropped(Drop::OutsideSpoof);
    return turn_ping(mbuf, way_.headers) ? Entered{Fate::Answers, {}}
                                         : Entered::dropped(Drop::ToGateway);
}

/// What stays IPv6, or is for the gateway outside.
Entered Edge::pass_on(rte_mbuf* mbuf, Tick now) {
    if (rte_pktmbuf_pkt_len(mbuf) < kEtherBytes + way_.bytes())
        return Entered::dropped(Drop::Ipv6Malformed);
    if (way_.from == Side::Outside && addresses_.is_own(way_.headers.destination, Side::Outside))
        return answer_outside(mbuf);
    if (way_.from == Side::Outside && addresses_.is_routed(way_.headers.destination))
        return route(mbuf, now);
    const auto reason = crossing_.find(way_, now);
    return reason ? Entered::dropped(*reason) : Entered{Fate::Crosses, {}};
}

Entered Edge::translate(rte_mbuf* mbuf, Tick now) {
    const Headers& headers = way_.headers;
    if (!addresses_.may_send(headers.source, headers.destination))
        return Entered::dropped(Drop::Ipv6Source);
    const auto destination = addresses_.destination(headers.destination);
    if (!destination && addresses_.is_routed(headers.source))
        return route(mbuf, now);
    if (!destination)
        return crossing_.is_on() ? pass_on(mbuf, now) : Entered::dropped(Drop::Ipv6Destination);
    if (headers.protocol == kNoTransport)
        return Entered::dropped(Drop::Ipv6Untranslatable);
    const auto source = addresses_.source(headers.source, now);
    if (!source)
        return Entered::dropped(Drop::Ipv6HostsFull);
    const Ipv4Ends ends{*source, *destination, identifications_.next()};
    if (const auto reason = to_ipv4(mbuf, headers, ends, addresses_))
        return Entered::dropped(*reason);
    return {Fate::Translated, {}};
}

/// To an IPv6 host outside, or from one to who may have asked it.
Entered Edge::route(rte_mbuf* mbuf, Tick now) {
    const Headers& headers = way_.headers;
    if (headers.protocol == kNoTransport)
        return Entered::dropped(Drop::Ipv6Untranslatable);
    const size_t transport = kEtherBytes + headers.bytes;
    const bool is_error =
        headers.protocol == kIcmpv6 && headers.is_first() &&
        rte_pktmbuf_data_len(mbuf) > transport &&
        is_icmpv6_error(*rte_pktmbuf_mtod_offset(mbuf, const uint8_t*, transport));
    Ipv4Ends ends{};  // a whole packet is IPv6 again, without an identification, when it leaves
    if (const auto reason = find_ends(is_error, now, ends))
        return Entered::dropped(*reason);
    Route6::keep(mbuf, headers, is_error, ends);
    if (const auto reason = to_ipv4(mbuf, headers, ends, addresses_))
        return Entered::dropped(*reason);
    return {Fate::Translated, {}};
}

/// What other prefixes of this gateway have for inside hosts is nobody's outside.
std::optional<Drop> Edge::find_ends(bool is_error, Tick now, Ipv4Ends& ends) const {
    const Headers& headers = way_.headers;
    if (way_.from == Side::Inside)
        return crossing_.has(headers.destination) ? Drop::Ipv6Destination
                                                  : route6_.outward(headers, is_error, now, ends);
    if (const auto reason = crossing_.refuse_source(headers.source))
        return reason;
    return addresses_.is_routed(headers.source) ? Drop::OutsideSpoof
                                                : route6_.inward(headers, is_error, ends);
}

/// Outside, where hosts are reached by those alone whose addresses may be seen there.
bool Edge::may_leave(const rte_mbuf* mbuf) const {
    constexpr size_t kSourceAt = kEtherBytes + 12;
    const std::span<const uint8_t> frame = first_segment(mbuf);
    return frame.size() >= kEtherBytes + kIpv4Bytes &&
           route6_.may_leave(address_at(frame, kSourceAt), address_at(frame, kSourceAt + 4));
}

std::optional<Drop> Edge::leave(rte_mbuf* mbuf, uint8_t port) const {
    const Side to = is_outside(port) ? Side::Outside : Side::Inside;
    if (to == Side::Inside && plain_.leave(mbuf))
        return std::nullopt;
    switch (type_at(first_segment(mbuf), kEtherBytes - 2)) {
        case RTE_ETHER_TYPE_IPV4:
            return to == Side::Inside || may_leave(mbuf) ? to_ipv6(mbuf, addresses_, zero_checksum_)
                                                         : Drop::Ipv6Untranslatable;
        case RTE_ETHER_TYPE_ARP:
            return discovery_[index(to)].speak(mbuf);
        case RTE_ETHER_TYPE_IPV6:
            return std::nullopt;  // cross() has made it
        default:
            return Drop::Ipv6Untranslatable;
    }
}

}  // namespace sluice::nat64
