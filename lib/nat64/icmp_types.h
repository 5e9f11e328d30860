// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// ICMP types: what a message of ICMP is called in ICMPv6, and back.
///
/// Shape    A message's first eight bytes but for the checksum: type, code, and the 32 bits that
///          carry an MTU or a pointer in errors, and identifier and number in echoes.
/// Threads  Pure functions.
/// Errors   Nothing for a message that the other protocol has no name for.
/// Source   RFC 7915 §4.2 (to ICMPv6), §5.2 (to ICMP), figures 3 and 6 (pointers).

#include <cstdint>
#include <optional>

namespace sluice::nat64 {

struct IcmpHead {
    uint8_t type = 0;
    uint8_t code = 0;
    uint32_t rest = 0;  ///< In host order.

    bool operator==(const IcmpHead&) const = default;
};

/// ICMPv6 errors are the types below 128.
constexpr bool is_icmpv6_error(uint8_t type) {
    return type < 128;
}
bool is_icmp_error(uint8_t type);

/// `head` of a quote that had a fragment header, or not: that is lost, too.
std::optional<IcmpHead> to_icmp(const IcmpHead& head, bool has_fragment_header);
/// `total_bytes` is the quoted packet's length, from which an MTU is guessed where none is said.
std::optional<IcmpHead> to_icmpv6(const IcmpHead& head, uint16_t total_bytes);

}  // namespace sluice::nat64
