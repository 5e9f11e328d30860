// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// IPv6 text: an IPv6 packet as people write it, and what becomes of its addresses.

#include "why/ipv6_packet.h"

#include <string>

namespace sluice::why {

/// "udp", or "icmpv6".
std::string protocol_text(const Ipv6Packet& packet);

/// "udp [fd00:1::10]:4000 -> [2001:db8:9::1]:53".
std::string packet_text(const Ipv6Packet& packet);

/// Its source: "[fd00:1::10]:4000".
std::string source_text(const Ipv6Packet& packet);

/// Its ends: "[fd00:1::10]:4000 -> [2001:db8:9::1]:53".
std::string ends_text(const Ipv6Packet& packet);

/// As that packet would leave: "[2001:db8:f:cf3a::10]:4000 -> [2001:db8:9::1]:53".
std::string leaving_text(const Ipv6Packet& packet, const nat64::Way& way);

/// By which pairs of prefixes its addresses are mapped, a line for each, and what else is said of
/// the host that it is for.
std::string crossing_lines(const Crossed& crossed);

}  // namespace sluice::why
