// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// From an mbuf to a packet and its tuple, or to the reason why it is none.
///
/// Threads  Pure functions of the mbuf.
/// Errors   A packet that is not sound is a drop reason; nothing is read beyond the mbuf. A header
///          is Truncated when the frame ends in it, SplitHeaders when it goes on in the next
///          segment. Of several reasons the first is given, from the outermost header inward:
///
///          - Truncated or SplitHeaders, NotIpv4;
///          - Truncated or SplitHeaders, IpVersion, IpHeaderLength, IpLength, Truncated,
///            IpOptions or IpSourceRoute, TtlZero, FragmentInvalid;
///          - FragmentUnsupported, TransportHeader or FragmentHeader, SplitHeaders, IcmpType,
///            IcmpRedirect, IcmpErrorQuote.
///
/// ICMP     An error has no tuple of its own. Its tuple is that of the packet which it quotes,
///          reversed: the flow and the direction in which the error travels.
/// Cost     One or two cache lines of the frame; verify_checksums() in software reads all of it.
/// Source   RFC 1812 §5.2.2 (IPv4 header), RFC 9293 §3.1, RFC 768, RFC 3828 (UDP-Lite), RFC 9260
///          (SCTP), RFC 792.

#include "net/icmp.h"
#include "net/packet.h"
#include "net/tuple.h"
#include "stats/drop.h"

#include <optional>

struct rte_mbuf;

namespace sluice::net {

/// The EtherType of the frame in host order, or 0 when its first segment is too short to have one.
uint16_t ether_type(const rte_mbuf* mbuf);

/// Finds the headers of an IPv4 frame and the tuple they make. Checks every length and field, not
/// the checksums, nor where the packet goes. On a drop reason, `packet` and `tuple` are undefined.
/// Padding behind the IP packet is cut off the mbuf.
std::optional<stats::Drop> parse(rte_mbuf* mbuf, Packet& packet, Tuple& tuple);

/// Checks the IPv4 header's checksum and that of TCP, UDP, UDP-Lite, SCTP or ICMP (a UDP checksum
/// of 0 is none; its sum covers what the UDP length says, RFC 768, and not what may follow;
/// UDP-Lite's what its coverage says). Other protocols have none that sluice knows. With
/// `trust_nic`, what the NIC has found good or bad (mbuf flags) is believed; all else is computed,
/// also where the flag says that data are intact but the field is not filled in
/// (RTE_MBUF_F_RX_L4_CKSUM_NONE): an incremental update would send that field on. A fragment's
/// transport checksum cannot be checked.
std::optional<stats::Drop> verify_checksums(const rte_mbuf* mbuf, const Packet& packet,
                                            bool trust_nic);

}  // namespace sluice::net
