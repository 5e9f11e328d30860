// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Transport: what a change of the IP version changes in the headers behind it.
///
/// Threads  Pure functions of bytes.
/// Source   RFC 7915 §4.5 and §5.5; RFC 9293 §3.1, RFC 768, RFC 3828, RFC 4340 §9.

#include "nat64/headers.h"
#include "nat64/icmp_types.h"
#include "nat64/sums.h"

#include <cstddef>
#include <cstdint>
#include <span>

struct rte_mbuf;

namespace sluice::nat64 {

inline constexpr size_t kIcmpBytes = 8;

enum Protocol : uint8_t { kIcmp = 1, kTcp = 6, kUdp = 17, kDccp = 33, kUdpLite = 136 };

/// What lies behind an IPv6 packet's headers, as read_headers() has read them without a reason to
/// drop it: in the first segment, and of this packet.
std::span<uint8_t> transport_of(rte_mbuf* mbuf, const Headers& headers);

/// Corrects a checksum that covers addresses, when these change. False where the header is too
/// short to have it. A UDP checksum of 0 is none and stays.
bool change_checksum(uint8_t protocol, std::span<uint8_t> transport, const Sum& from,
                     const Sum& to);

uint16_t read_word(const uint8_t* bytes);  ///< As it stands there.
void write_word(uint8_t* bytes, uint16_t raw);

// Of a message's first kIcmpBytes.
IcmpHead read_head(const uint8_t* icmp);
/// Leaves the checksum as it is.
void write_head(uint8_t* icmp, const IcmpHead& head);
/// Makes it another head; its checksum is corrected for that, and for what else it covers or no
/// longer does.
void change_head(uint8_t* icmp, const IcmpHead& head, Sum from, Sum to);

}  // namespace sluice::nat64
