// SPDX-License-Identifier: BSD-3-Clause
#include "nat/translate_error.h"

#include "net/checksum.h"
#include "net/icmp.h"
#include "net/quote.h"

#include <rte_icmp.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include <cstddef>
#include <cstring>

namespace sluice::nat {
namespace {

using net::ChecksumDelta;
using net::Protocol;

ChecksumDelta addresses_delta(const net::Tuple& before, const net::Tuple& after) {
    ChecksumDelta delta;
    delta.change(before.source, after.source);
    delta.change(before.destination, after.destination);
    return delta;
}

/// Rewrites fields of a quote and keeps what that does to the error's own checksum. Every field
/// lies at an even distance from the error's header, and none need be aligned.
class QuoteWriter {
public:
    explicit QuoteWriter(const net::Quote& quote)
        : ip_(reinterpret_cast<uint8_t*>(quote.ip)),
          transport_(quote.transport),
          transport_bytes_(quote.transport_bytes) {}

    void set_addresses(const net::Tuple& before, const net::Tuple& after) {
        write(ip_ + offsetof(rte_ipv4_hdr, src_addr), after.source.raw);
        write(ip_ + offsetof(rte_ipv4_hdr, dst_addr), after.destination.raw);
        adjust(ip_ + offsetof(rte_ipv4_hdr, hdr_checksum), addresses_delta(before, after));
        delta_.add(addresses_delta(before, after));
    }
    /// A 16-bit field of the transport header that becomes another.
    void set(size_t offset, Be16 before, Be16 after) {
        write(transport_ + offset, after.raw);
        delta_.change(before, after);
    }
    /// A checksum of the transport header, if so much is quoted, follows what it covers.
    void adjust_checksum(size_t offset, ChecksumDelta change) {
        if (transport_bytes_ >= offset + sizeof(uint16_t))
            adjust(transport_ + offset, change);
    }
    /// Likewise; but 0 is no checksum, and no checksum is 0 (RFC 768).
    void adjust_udp_checksum(size_t offset, ChecksumDelta change) {
        if (transport_bytes_ < offset + sizeof(uint16_t) || read16(transport_ + offset) == 0)
            return;
        const uint16_t before = read16(transport_ + offset);
        const uint16_t sum = change.apply(before);
        set(offset, Be16{before}, Be16{sum == 0 ? uint16_t{0xffff} : sum});
    }
    ChecksumDelta delta() const { return delta_; }

private:
    static uint16_t read16(const uint8_t* from) {
        uint16_t value;
        std::memcpy(&value, from, sizeof value);
        return value;
    }
    static void write(uint8_t* to, auto value) { std::memcpy(to, &value, sizeof value); }

    void adjust(uint8_t* checksum, ChecksumDelta change) {
        const uint16_t before = read16(checksum);
        write(checksum, change.apply(before));
        delta_.change(Be16{before}, Be16{change.apply(before)});
    }

    uint8_t* ip_;
    uint8_t* transport_;
    size_t transport_bytes_;
    ChecksumDelta delta_;
};

ChecksumDelta ports_delta(const net::Tuple& before, const net::Tuple& after) {
    ChecksumDelta delta;
    delta.change(before.source_port, after.source_port);
    delta.change(before.destination_port, after.destination_port);
    return delta;
}

/// The ports stand at the same place in every protocol that has any.
void rewrite_ports(QuoteWriter& writer, const net::Tuple& before, const net::Tuple& after) {
    writer.set(offsetof(rte_udp_hdr, src_port), before.source_port, after.source_port);
    writer.set(offsetof(rte_udp_hdr, dst_port), before.destination_port, after.destination_port);
    ChecksumDelta change = addresses_delta(before, after);
    change.add(ports_delta(before, after));
    if (before.protocol == Protocol::Tcp)
        writer.adjust_checksum(offsetof(rte_tcp_hdr, cksum), change);
    else if (before.protocol == Protocol::Udp || before.protocol == Protocol::UdpLite)
        writer.adjust_udp_checksum(offsetof(rte_udp_hdr, dgram_cksum), change);
}

/// Of the tuple's ports one is the identifier, the other the query's type and code, which stay.
void rewrite_identifier(QuoteWriter& writer, const net::Quote& quote, const net::Tuple& before,
                        const net::Tuple& after) {
    constexpr size_t kIdentifier = offsetof(rte_icmp_hdr, icmp_ident);
    const uint8_t type = quote.transport[offsetof(rte_icmp_hdr, icmp_type)];
    if (net::is_icmp_query(type))
        writer.set(kIdentifier, before.source_port, after.source_port);
    else
        writer.set(kIdentifier, before.destination_port, after.destination_port);
    writer.adjust_checksum(offsetof(rte_icmp_hdr, icmp_cksum), ports_delta(before, after));
}

/// Rewrites the quoted packet; returns what that adds to the error's checksum.
ChecksumDelta rewrite_quote(const net::Quote& quote, const net::Tuple& before,
                            const net::Tuple& after) {
    QuoteWriter writer(quote);
    writer.set_addresses(before, after);
    if (net::has_ports(before.protocol))
        rewrite_ports(writer, before, after);
    else if (before.protocol == Protocol::Icmp)
        rewrite_identifier(writer, quote, before, after);
    return writer.delta();
}

}  // namespace

void translate_error(const flow::FlowRecord& record, net::Direction direction, Be32 source,
                     const net::Packet& error) {
    net::Quote quote;
    net::Tuple quoted;
    if (read_quote(error, quote, quoted))
        return;  // parse() has read it already
    const net::Tuple& after = record.key(opposite(direction));
    const ChecksumDelta inner = rewrite_quote(quote, quoted, after);
    auto* icmp = reinterpret_cast<rte_icmp_hdr*>(error.transport);
    icmp->icmp_cksum = inner.apply(icmp->icmp_cksum);

    ChecksumDelta outer;
    outer.change(Be32{error.ip->src_addr}, source);
    outer.change(Be32{error.ip->dst_addr}, after.source);
    error.ip->src_addr = source.raw;
    error.ip->dst_addr = after.source.raw;
    error.ip->hdr_checksum = outer.apply(error.ip->hdr_checksum);
}

void hide_extensions(const net::Packet& error) {
    constexpr size_t kLength = 5;        // RFC 4884 §5: of the quote, in words of 4 bytes
    constexpr size_t kLeastQuote = 128;  // where extensions follow
    const size_t quoted = error.transport[kLength] * size_t{4};
    const size_t begin = sizeof(rte_icmp_hdr) + quoted;
    const size_t end = error.head_bytes - net::ip_header_bytes(error);
    if (quoted < kLeastQuote || begin >= end)
        return;

    ChecksumDelta delta;
    const auto clear = [&](size_t at) {
        const unsigned value = error.transport[at];
        const unsigned word = at % 2 == 0 ? value << 8 : value;
        delta.change(Be16::from_host(static_cast<uint16_t>(word)), Be16{});
        error.transport[at] = 0;
    };
    clear(kLength);
    for (size_t at = begin; at < end; ++at)
        clear(at);
    auto* icmp = reinterpret_cast<rte_icmp_hdr*>(error.transport);
    icmp->icmp_cksum = delta.apply(icmp->icmp_cksum);
}

}  // namespace sluice::nat
