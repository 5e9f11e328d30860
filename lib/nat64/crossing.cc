// SPDX-License-Identifier: BSD-3-Clause
#include "nat64/crossing.h"

#include "nat64/icmp_types.h"
#include "nat64/sums.h"
#include "nat64/to_ipv4.h"
#include "nat64/transport.h"

#include <rte_mbuf.h>

#include <algorithm>
#include <cstring>
#include <span>

namespace sluice::nat64 {

using net::Ipv6Address;
using net::Side;
using stats::Drop;

namespace {

/// In a second, of hosts that nothing has been heard of: who scans a prefix from outside takes no
/// more of the numbers, and has no more addresses solicited (RFC 6583 §6).
constexpr unsigned kNewHosts = 16;

constexpr size_t kSourceAt = 8;
constexpr size_t kDestinationAt = 24;
constexpr size_t kHopLimitAt = 7;
constexpr size_t kPayloadLengthAt = 4;

void write(uint8_t* at, const Ipv6Address& address) {
    std::memcpy(at, address.bytes.data(), address.bytes.size());
}

/// What stands behind them is not looked for, so it may be an error that names a host inside:
/// options behind a fragment header, and headers that cover addresses or give others in their
/// place.
bool hides_transport(const Headers& headers) {
    constexpr uint8_t kAuthentication = 51;  // RFC 4302: with other addresses it is wrong anyway
    constexpr uint8_t kShim6 = 140;
    return headers.is_first() &&
           ((headers.is_fragment && headers.protocol == kNoTransport) ||
            headers.protocol == kAuthentication || headers.protocol == kShim6);
}

/// What a short frame has behind its packet, as far as that is one segment.
void cut_padding(rte_mbuf* mbuf, size_t bytes) {
    const uint16_t last = rte_pktmbuf_lastseg(mbuf)->data_len;
    if (rte_pktmbuf_pkt_len(mbuf) > bytes)
        rte_pktmbuf_trim(
            mbuf, static_cast<uint16_t>(std::min<size_t>(rte_pktmbuf_pkt_len(mbuf) - bytes, last)));
}

/// Of an error whose quote has been changed: what stands behind the quote (RFC 4884 §7) may name
/// interfaces of routers inside.
std::optional<Drop> cut_extensions(rte_mbuf* mbuf, const Way& way, std::span<uint8_t> icmp) {
    constexpr uint8_t kUnreachable = 1;
    constexpr uint8_t kTimeExceeded = 3;
    constexpr size_t kUnit = 8;
    constexpr size_t kLengthAt = 4;
    const size_t quote = icmp[kLengthAt] * kUnit;
    if (quote == 0 || (icmp[0] != kUnreachable && icmp[0] != kTimeExceeded))
        return std::nullopt;
    const auto bytes = static_cast<uint16_t>(kIcmpBytes + quote);
    if (bytes > way.headers.transport_bytes)
        return Drop::Ipv6Malformed;
    if (mbuf->nb_segs != 1)
        return Drop::SplitHeaders;
    // The addresses may be either, for they have the same sum.
    if (!has_sound_icmpv6(mbuf, way.headers))
        return Drop::TransportChecksum;
    rte_pktmbuf_trim(mbuf, static_cast<uint16_t>(way.headers.transport_bytes - bytes));
    auto* ip = rte_pktmbuf_mtod_offset(mbuf, uint8_t*, kEtherBytes);
    const auto payload = static_cast<uint16_t>(way.headers.bytes - kIpv6Bytes + bytes);
    write_word(ip + kPayloadLengthAt, Be16::from_host(payload).raw);
    icmp[kLengthAt] = 0;
    write_word(&icmp[2], 0);
    const Sum sum =
        pseudo_header(way.source, way.destination, bytes, kIcmpv6).add(icmp.data(), bytes);
    write_word(&icmp[2], static_cast<uint16_t>(~sum.folded()));
    return std::nullopt;
}

}  // namespace

Crossing::Crossing(const CrossingParams& params, const Addresses& addresses)
    : nptv6_(params.pairs), routes_(params.routes), addresses_(addresses) {
    std::ranges::stable_sort(routes_, [](const HostRoute& one, const HostRoute& other) {
        return one.prefix.length > other.prefix.length;
    });
}

std::optional<Drop> Crossing::find(Way& way, Tick now) {
    way.source = way.headers.source;
    way.destination = way.headers.destination;
    way.is_mapped_outward = way.is_mapped_inward = false;
    if (way.from == Side::Inside)
        return find_outward(way, now);
    if (const auto reason = refuse_source(way.source))
        return reason;
    if (const PrefixPair* pair = nptv6_.of_outside(way.destination))
        return find_inward(way, *pair, now);
    const bool is_inside =
        addresses_.is_inside(way.destination) || nptv6_.of_inside(way.destination) != nullptr;
    return is_inside ? Drop::OutsideToInside : Drop::NotOurs;
}

/// What is for an address of hosts inside by its outside prefix, goes out and in again.
std::optional<Drop> Crossing::find_outward(Way& way, Tick now) {
    const PrefixPair* pair = nptv6_.of_inside(way.source);
    const auto& embedding = addresses_.params().embedding;
    if (pair == nullptr || !is_global(way.destination) || addresses_.is_inside(way.destination) ||
        nptv6_.of_inside(way.destination) != nullptr ||
        (embedding && embedding->prefix().contains(way.destination)))
        return Drop::Ipv6Destination;
    if (addresses_.is_own(way.destination, Side::Outside))
        return Drop::ToGateway;
    const auto mapped = pair->outward(way.source);
    if (!mapped)
        return Drop::Ipv6Unmapped;
    // It has been heard, so answers find it.
    if (addresses_.params().own.contains(way.source) && !addresses_.source(way.source, now))
        return Drop::Ipv6HostsFull;
    way.source = *mapped;
    way.is_mapped_outward = true;
    if (const PrefixPair* back = nptv6_.of_outside(way.destination))
        return find_inward(way, *back, now);
    way.to = Side::Outside;
    way.via = addresses_.outside_gateway();
    return std::nullopt;
}

std::optional<Drop> Crossing::find_inward(Way& way, const PrefixPair& pair, Tick now) {
    const auto mapped = pair.inward(way.destination);
    if (!mapped)
        return Drop::Ipv6Unmapped;
    way.destination = *mapped;
    way.is_mapped_inward = true;
    way.to = Side::Inside;
    return lead_inside(way, now);
}

/// From outside nobody comes who is inside, nor anybody by an address that only these have there.
std::optional<Drop> Crossing::refuse_source(const Ipv6Address& source) const {
    if (!is_global(source))
        return Drop::MartianSource;
    const bool is_inside = addresses_.is_inside(source) || nptv6_.of_inside(source) != nullptr;
    const auto& embedding = addresses_.params().embedding;
    const bool is_ipv4 = embedding && embedding->prefix().contains(source);
    if (is_inside || is_ipv4 || nptv6_.of_outside(source) != nullptr ||
        addresses_.is_own(source, Side::Outside))
        return Drop::OutsideSpoof;
    return std::nullopt;
}

/// The neighbour through whom way.destination is reached.
std::optional<Drop> Crossing::lead_inside(Way& way, Tick now) {
    const net::Ipv6Prefix& subnet = addresses_.params().own;
    const Ipv6Address& host = way.destination;
    if (addresses_.is_own(host) || host == subnet.network().address)
        return Drop::ToGateway;
    const auto route = std::ranges::find_if(
        routes_, [&](const HostRoute& one) { return one.prefix.contains(host); });
    if (route != routes_.end()) {
        way.via = route->via;
        return std::nullopt;
    }
    if (!subnet.contains(host))
        return Drop::NoRoute;
    if (way.from == Side::Outside) {
        // Its own packets alone say that a host is there, or a scan would keep what it has found.
        if (const auto known = addresses_.host(host)) {
            way.via = *known;
            return std::nullopt;
        }
        if (!may_add(now))
            return Drop::Ipv6NewHosts;
    }
    const auto number = addresses_.source(host, now);
    if (!number)
        return Drop::Ipv6HostsFull;
    way.via = *number;
    return std::nullopt;
}

bool Crossing::may_add(Tick now) {
    if (now.ms_since(second_) >= 1000) {
        second_ = now;
        added_ = 0;
    }
    return added_ < kNewHosts && ++added_ != 0;
}

std::optional<Drop> Crossing::rewrite(rte_mbuf* mbuf, const Way& way) const {
    cut_padding(mbuf, kEtherBytes + way.bytes());
    if (const auto reason = change_quote(mbuf, way))
        return reason;
    auto* ip = rte_pktmbuf_mtod_offset(mbuf, uint8_t*, kEtherBytes);
    ip[kHopLimitAt] = static_cast<uint8_t>(way.headers.hop_limit - 1);
    write(ip + kSourceAt, way.source);
    write(ip + kDestinationAt, way.destination);
    return std::nullopt;
}

bool Crossing::restore(rte_mbuf* mbuf, Side to, Way& way, Tick now) {
    Headers& headers = way.headers;
    const std::span<const uint8_t> frame(rte_pktmbuf_mtod(mbuf, const uint8_t*),
                                         rte_pktmbuf_data_len(mbuf));
    const auto reason = read_headers(frame.subspan(std::min(kEtherBytes, frame.size())), headers);
    if (reason && *reason != Drop::Ipv6Untranslatable)
        return false;
    const PrefixPair* source = nptv6_.of_outside(headers.source);
    const PrefixPair* destination =
        to == Side::Inside ? nptv6_.of_inside(headers.destination) : nullptr;
    if (source != nullptr)
        headers.source = source->inward(headers.source).value_or(headers.source);
    if (destination != nullptr)
        headers.destination =
            destination->outward(headers.destination).value_or(headers.destination);
    ++headers.hop_limit;
    auto* ip = rte_pktmbuf_mtod_offset(mbuf, uint8_t*, kEtherBytes);
    ip[kHopLimitAt] = headers.hop_limit;
    write(ip + kSourceAt, headers.source);
    write(ip + kDestinationAt, headers.destination);
    way.from = source != nullptr ? Side::Inside : Side::Outside;
    way.via = addresses_.outside_gateway();
    way.destination = headers.source;  // of what tells him
    return way.from == Side::Outside || !lead_inside(way, now);
}

/// Of an ICMPv6 error, whose quote is a packet that went the other way: its ends are mapped as
/// those of the error are, and so that no checksum knows it.
std::optional<Drop> Crossing::change_quote(rte_mbuf* mbuf, const Way& way) const {
    const Headers& headers = way.headers;
    if (hides_transport(headers))
        return Drop::Ipv6Untranslatable;
    if (headers.protocol != kIcmpv6 || !headers.is_first())
        return std::nullopt;
    const std::span<uint8_t> icmp = transport_of(mbuf, headers);
    if (icmp.empty())
        return Drop::Ipv6Malformed;
    if (!is_icmpv6_error(icmp[0]))
        return std::nullopt;
    if (!headers.is_whole())
        return Drop::FragmentUnsupported;
    constexpr size_t kVersionAt = kIcmpBytes;
    if (icmp.size() < kIcmpBytes + kIpv6Bytes || icmp[kVersionAt] >> 4 != 6)
        return Drop::IcmpErrorQuote;
    uint8_t* quote = icmp.data() + kIcmpBytes;
    const Ipv6Address source = address_at(quote + kSourceAt);
    const Ipv6Address destination = address_at(quote + kDestinationAt);
    if (way.is_mapped_outward) {
        const PrefixPair* pair = nptv6_.of_inside(destination);
        const auto mapped = pair != nullptr ? pair->outward(destination) : std::nullopt;
        const bool names_inside =
            addresses_.is_inside(source) || nptv6_.of_inside(source) != nullptr;
        if (!mapped || names_inside)
            return Drop::IcmpErrorQuote;
        write(quote + kDestinationAt, *mapped);
    }
    if (way.is_mapped_inward) {
        const PrefixPair* pair = nptv6_.of_outside(source);
        const auto mapped = pair != nullptr ? pair->inward(source) : std::nullopt;
        if (!mapped)
            return Drop::IcmpErrorQuote;
        write(quote + kSourceAt, *mapped);
    }
    return way.to == Side::Outside ? cut_extensions(mbuf, way, icmp) : std::nullopt;
}

}  // namespace sluice::nat64
