// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// One frame through net::parse() and net::verify_checksums(), judged by the independent reader of
/// the tests. Aborts with the frame in hexadecimal when they disagree.

#include "fake_mbuf.h"
#include "net/parse.h"
#include "packet_reader.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>

namespace sluice::test {

inline void require(bool holds, const char* what, const Bytes& frame) {
    if (holds)
        return;
    std::fprintf(stderr, "parse_fuzz: %s\n", what);
    for (const uint8_t byte : frame)
        std::fprintf(stderr, "%02x", byte);
    std::fputc('\n', stderr);
    std::abort();
}

/// The address at `offset` of the IP header that an ICMP error quotes.
inline Be32 quoted_address(const Seen& error, size_t offset) {
    Be32 address;
    std::memcpy(&address.raw, error.payload.data() + offset, sizeof address.raw);
    return address;
}

/// What was accepted says of itself what an independent reader finds.
inline void check_accepted(rte_mbuf* mbuf, const net::Packet& packet, const net::Tuple& tuple,
                           const Bytes& frame) {
    const Bytes trimmed = bytes_of(mbuf);
    require(mbuf->pkt_len == trimmed.size(), "segments do not add up", frame);
    require(trimmed.size() == 14u + packet.length, "padding is left", frame);
    const Seen seen = read(trimmed);
    if (packet.is_icmp_error) {
        // Its addresses are all that a quote must have; what follows may be cut short.
        require(tuple.source == quoted_address(seen, 16), "quoted destination differs", frame);
        require(tuple.destination == quoted_address(seen, 12), "quoted source differs", frame);
    } else {
        require(tuple.source == ip(seen.source), "source differs", frame);
        require(tuple.destination == ip(seen.destination), "destination differs", frame);
    }
    require(seen.ttl > 0 && packet.tcp_flags == seen.tcp_flags, "TTL or flags differ", frame);
    if (tuple.protocol != net::Protocol::Icmp && !packet.is_icmp_error && seen.fragment_offset == 0)
        require(tuple.source_port.host() == seen.source_port &&
                    tuple.destination_port.host() == seen.destination_port,
                "ports differ", frame);

    const auto reason = net::verify_checksums(mbuf, packet, false);
    require(seen.ip_checksum_ok == (reason != stats::Drop::IpChecksum), "IP checksum", frame);
    if (seen.ip_checksum_ok)
        require(seen.transport_checksum_ok == !reason, "transport checksum", frame);
}

/// Feeds one frame, cut into segments. Returns whether it was accepted.
inline bool feed(const Bytes& frame, std::span<const size_t> cuts) {
    FakeMbuf mbuf(frame, cuts);
    net::Packet packet;
    net::Tuple tuple;
    if (net::parse(mbuf, packet, tuple))
        return false;
    check_accepted(mbuf, packet, tuple, frame);
    return true;
}

}  // namespace sluice::test
