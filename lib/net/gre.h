// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// GRE of version 1, which carries the calls of PPTP: each packet says the call ID that its
/// receiver has given the call, and nothing of the sender's.
///
/// Shape    A tuple by call ID has that as its destination port, and in the place of the source
///          port GRE's protocol type, which no tuple by addresses alone has: 0 is a call ID too.
/// Threads  Pure functions.
/// Source   RFC 2637 §4.1. Which packets have a call ID is as gre_pkt_to_tuple() of Linux has it:
///          the version and the protocol type say so, whatever the other flags are.

#include "net/tuple.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace sluice::net {

/// The protocol type of PPP.
inline constexpr Be16 kCallMark = Be16::from_host(0x880b);
/// Where the call ID stands behind the IP header.
inline constexpr size_t kCallIdAt = 6;

/// The call ID of what follows an IP header with GRE's number; nothing where it has none.
constexpr std::optional<Be16> call_id_of(std::span<const uint8_t> gre) {
    constexpr uint8_t kVersion = 7;
    const auto word_at = [&](size_t at) {
        return Be16::from_host(static_cast<uint16_t>(gre[at] << 8 | gre[at + 1]));
    };
    if (gre.size() < kCallIdAt + sizeof(uint16_t) || (gre[1] & kVersion) != 1 ||
        word_at(2) != kCallMark)
        return std::nullopt;
    return word_at(kCallIdAt);
}

/// The tuple is one by call ID.
constexpr bool is_call(const Tuple& tuple) {
    return tuple.protocol == Protocol::Gre && tuple.source_port == kCallMark;
}

/// Of a packet of GRE with these addresses.
constexpr Tuple by_call(const Tuple& addresses, Be16 call_id) {
    Tuple tuple = addresses;
    tuple.source_port = kCallMark;
    tuple.destination_port = call_id;
    return tuple;
}
/// Likewise, without a call ID.
constexpr Tuple by_addresses(const Tuple& call) {
    return {call.source, call.destination, {}, {}, call.protocol, call.kind, call.zone};
}

}  // namespace sluice::net
