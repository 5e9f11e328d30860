// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// IPv6: what a rig's inside is where it has IPv6 alone.
///
///     2001:db8:2::/48 ── router fe80::9 ── 2001:db8:1::/64 ── sluice ── IPv4, behind 64:ff9b::/96
///
/// Shape    A frame of a benchmark is made as IPv4 and turned into the IPv6 that a host would have
///          sent; what comes out inside is turned back, so that one place says what is right.
/// Source   RFC 6052 §2.2; the upper 96 bits of a host are the prefix, the rest its IPv4 address.

#include "config/config.h"
#include "rig/frame.h"

namespace sluice::bench {

/// The configuration of a rig serves IPv6 hosts, as many as a book has, with this next hop.
Status serve_ipv6(config::Config& config, const net::MacAddress& router);

/// Turns a frame of write_frame() from inside into IPv6.
void become_ipv6(rte_mbuf* mbuf);

/// Turns a frame that has left inside into IPv4, whose sums are right if they were. What is wrong
/// with it as IPv6; null if nothing.
const char* become_ipv4(rte_mbuf* mbuf);

}  // namespace sluice::bench
