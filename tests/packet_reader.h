// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// What a frame says, read independently of lib/net: for checking what sluice sends.
///
/// Shape    Seen has every field that a test may ask for; those that the packet's protocol does not
///          have are zero.
/// Units    Host byte order; addresses as text.
/// Errors   Throws std::out_of_range for a frame that ends before its headers do.

#include "packet_builder.h"

#include <cstdint>
#include <span>
#include <string>

namespace sluice::test {

struct Seen {
    MacAddress destination_mac{};
    MacAddress source_mac{};
    uint16_t ether_type = 0;  ///< Behind the VLAN tag, if there is one.
    uint16_t vlan = 0;

    std::string source;
    std::string destination;
    uint8_t ttl = 0;
    uint8_t tos = 0;
    uint8_t protocol = 0;
    uint16_t id = 0;
    uint16_t total_length = 0;
    bool dont_fragment = false;
    bool more_fragments = false;
    uint32_t fragment_offset = 0;  ///< In bytes. Behind the first, all is payload.
    bool ip_checksum_ok = false;

    uint16_t source_port = 0;
    uint16_t destination_port = 0;
    uint8_t tcp_flags = 0;
    uint32_t seq = 0;
    uint32_t ack = 0;
    uint16_t window = 0;
    uint32_t sctp_tag = 0;
    uint8_t icmp_type = 0;
    uint8_t icmp_code = 0;
    uint16_t identifier = 0;     ///< Of an ICMP query.
    uint16_t echo_sequence = 0;  ///< Of an ICMP query; the MTU in "fragmentation needed".

    uint16_t transport_checksum = 0;     ///< As it stands in the header.
    bool transport_checksum_ok = false;  ///< Of a fragment it cannot be told: true.
    bool whole = true;  ///< False when the packet ends early, as a quoted one does.

    Bytes payload;       ///< Behind the transport header.
    size_t padding = 0;  ///< Bytes behind the IP packet.

    bool is_fragment() const { return more_fragments || fragment_offset != 0; }
    bool checksums_ok() const { return ip_checksum_ok && transport_checksum_ok; }
};

/// An Ethernet frame; of one that carries no IPv4 only the first fields are read.
Seen read(std::span<const uint8_t> frame);

/// An IPv4 packet without Ethernet, such as the payload of an ICMP error.
Seen read_ip(std::span<const uint8_t> packet);

/// The datagram that the fragments make, whose frames may come in any order; throws
/// std::runtime_error when they make none, or their headers differ in more than they must.
Seen read_fragments(std::span<const Bytes> frames);

/// One line: "tcp 10.1.0.10:40000 > 203.0.113.10:80 flags=SA ttl=63 payload=10".
std::string summary(const Seen& seen);

}  // namespace sluice::test
