// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// ICMP errors that the gateway itself sends about a packet, quoting it as it arrived.
///
/// Source   RFC 792; RFC 1812 §4.3.2.3 (quote as much as fits 576 bytes), §4.3.2.7 (no error about
///          an ICMP error, a broadcast or multicast, a later fragment, a source that is no host).

#include "base/big_endian.h"
#include "net/packet.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace sluice::answer {

/// Which error: type, code and, for fragmentation needed, the MTU of the next hop.
struct IcmpError {
    uint8_t type = 0;
    uint8_t code = 0;
    uint16_t mtu = 0;
};

inline constexpr IcmpError kTimeExceeded{11, 0, 0};
inline constexpr IcmpError kHostUnreachable{3, 1, 0};
inline constexpr IcmpError kAdministrativelyProhibited{3, 13, 0};
constexpr IcmpError fragmentation_needed(uint16_t mtu) {
    return {3, 4, mtu};
}

inline constexpr uint8_t kOwnTtl = 64;          ///< Of what the gateway itself sends.
inline constexpr size_t kIcmpErrorBytes = 576;  ///< Longest that write_icmp_error() writes.

/// True when RFC 1812 §4.3.2.7 allows an error about this packet, as far as its headers tell: that
/// its destination is a subnet's broadcast address is for the caller to know.
bool may_answer_with_error(const net::Packet& packet);

/// Writes an IPv4 packet with the ICMP error about `packet` (unchanged since it arrived), from
/// `source` to the packet's own source. `out` holds kIcmpErrorBytes. Quotes what lies in the first
/// segment. Returns its length.
size_t write_icmp_error(std::span<uint8_t> out, IcmpError error, Be32 source,
                        const net::Packet& packet);

/// Turns the IP header of a packet to the gateway round: its addresses, a fresh TTL, its checksum.
void turn_header(net::Packet& packet);

/// Turns an echo request into its reply in place: addresses, type and a fresh TTL; both checksums
/// follow.
void turn_echo_request(net::Packet& packet);

}  // namespace sluice::answer
