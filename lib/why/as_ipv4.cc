// SPDX-License-Identifier: BSD-3-Clause
#include "why/as_ipv4.h"

#include "nat64/headers.h"
#include "nat64/icmp_types.h"
#include "nat64/transport.h"

#include <rte_ether.h>
#include <rte_ip.h>

#include <algorithm>
#include <cstddef>

namespace sluice::why {

using nat64::Headers;
using nat64::IcmpHead;
using stats::Drop;

namespace {

using Bytes = std::span<const uint8_t>;
using Verdict = std::optional<Drop>;

constexpr IcmpHead kSomeError{3, 1, 0};  // an ICMP one, host unreachable

void append(AsIpv4& made, Bytes bytes) {
    made.frame.insert(made.frame.end(), bytes.begin(), bytes.end());
}

/// In front of so many bytes.
void append_header(AsIpv4& made, const Headers& headers, size_t bytes) {
    rte_ipv4_hdr ip{};
    ip.version_ihl = RTE_IPV4_VHL_DEF;
    ip.total_length = Be16::from_host(static_cast<uint16_t>(sizeof ip + bytes)).raw;
    ip.fragment_offset =
        Be16::from_host(static_cast<uint16_t>(headers.offset / RTE_IPV4_HDR_OFFSET_UNITS |
                                              (headers.has_more ? RTE_IPV4_HDR_MF_FLAG : 0)))
            .raw;
    ip.time_to_live = headers.hop_limit;
    ip.next_proto_id =
        headers.protocol == nat64::kIcmpv6 ? uint8_t{nat64::kIcmp} : headers.protocol;
    append(made, {reinterpret_cast<const uint8_t*>(&ip), sizeof ip});
}

/// `message` with another head.
void append_message(AsIpv4& made, const IcmpHead& head, Bytes message) {
    const size_t at = made.frame.size();
    append(made, message);
    nat64::write_head(&made.frame[at], head);
}

/// An error, and what it quotes as far as that is there.
Verdict append_error(AsIpv4& made, const Headers& headers, Bytes message) {
    if (!headers.is_whole())
        return Drop::Ipv6Untranslatable;
    const Bytes quote = message.subspan(nat64::kIcmpBytes);
    Headers quoted;
    if (nat64::read_headers(quote, quoted) || !quoted.is_first())
        return Drop::IcmpErrorQuote;
    const Bytes rest = quote.subspan(quoted.bytes);
    append_header(made, headers, nat64::kIcmpBytes + nat64::kIpv4Bytes + rest.size());
    append_message(made, kSomeError, message.first(nat64::kIcmpBytes));
    append_header(made, quoted, rest.size());
    made.source = quoted.destination;
    made.destination = quoted.source;
    if (quoted.protocol != nat64::kIcmpv6) {
        append(made, rest);
        return std::nullopt;
    }
    const auto icmp = rest.size() < nat64::kIcmpBytes
                          ? std::nullopt
                          : nat64::to_icmp(nat64::read_head(rest.data()), false);
    if (!icmp)
        return Drop::IcmpErrorQuote;
    append_message(made, *icmp, rest);
    return std::nullopt;
}

/// Of a datagram's first part, or its only one.
Verdict append_icmpv6(AsIpv4& made, const Headers& headers, Bytes message) {
    if (message.size() < nat64::kIcmpBytes)
        return Drop::Ipv6Malformed;
    const IcmpHead head = nat64::read_head(message.data());
    if (nat64::is_icmpv6_error(head.type))
        return append_error(made, headers, message);
    const auto icmp = nat64::to_icmp(head, false);
    if (!icmp)
        return Drop::Ipv6Untranslatable;
    append_header(made, headers, message.size());
    append_message(made, *icmp, message);
    return std::nullopt;
}

}  // namespace

Verdict as_ipv4(Bytes frame, AsIpv4& made) {
    const Bytes packet = frame.subspan(std::min(nat64::kEtherBytes, frame.size()));
    Headers headers;
    if (const auto reason = nat64::read_headers(packet, headers))
        return reason;
    if (packet.size() < size_t{headers.bytes} + headers.transport_bytes ||
        nat64::kIpv4Bytes + headers.transport_bytes > UINT16_MAX)
        return Drop::Ipv6Malformed;
    if (headers.protocol == nat64::kIcmp)
        return Drop::Ipv6Untranslatable;
    made = {std::vector<uint8_t>(nat64::kMacsBytes), headers.source, headers.destination};
    const Be16 type = Be16::from_host(RTE_ETHER_TYPE_IPV4);
    append(made, {reinterpret_cast<const uint8_t*>(&type), sizeof type});
    const Bytes transport = packet.subspan(headers.bytes, headers.transport_bytes);
    if (headers.protocol == nat64::kIcmpv6 && headers.is_first())
        return append_icmpv6(made, headers, transport);
    append_header(made, headers, transport.size());
    append(made, transport);
    return std::nullopt;
}

}  // namespace sluice::why
