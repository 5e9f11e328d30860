// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// As IPv4: an IPv6 frame in the form of an IPv4 one, for net::parse() and who reads what that
/// has found.
///
/// Shape    The transport is the same; ICMPv6 is called as ICMP has it, and what an error quotes is
///          IPv4, too. Addresses are beside the frame, which has none. Checksums are not made.
/// Threads  A pure function of the bytes.
/// Errors   A drop reason, as nat64/to_ipv4.h has them. Every ICMPv6 error has a form here, for
///          only what it quotes is looked at.

#include "net/ipv6.h"
#include "stats/drop.h"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace sluice::why {

struct AsIpv4 {
    std::vector<uint8_t> frame;
    net::Ipv6Address source;  ///< Of an error: to whom went what it quotes.
    net::Ipv6Address destination;
};

/// Of a frame without tags.
std::optional<stats::Drop> as_ipv4(std::span<const uint8_t> frame, AsIpv4& made);

}  // namespace sluice::why
