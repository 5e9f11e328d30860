// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Drop reasons: why a packet ended here. One enumerator, one counter, one row in docs/drops.md
/// (scripts/check-drops.py compares the three).
///
/// Shape    The counter's name is the enumerator in snake case; drop_name() gives it.

#include "base/enum.h"

#include <cstdint>
#include <string_view>

namespace sluice::stats {

enum class Drop : uint8_t {
    // Frame and IPv4 header.
    NotForUs,              ///< Destination MAC is another host's.
    UnknownVlan,           ///< Of a VLAN, or untagged, and no interface of the port takes such.
    Qinq,                  ///< Has two VLAN tags, or one of 802.1ad.
    NotIpv4,               ///< Neither IPv4 nor ARP.
    ArpMalformed,          ///< ARP cut short, not for IPv4, or from no host's MAC.
    Truncated,             ///< Shorter than its headers say.
    SplitHeaders,          ///< Headers lie in more than one mbuf segment.
    IpVersion,             ///< Version field is not 4.
    IpHeaderLength,        ///< Header length below 20 bytes.
    IpLength,              ///< Total length below the header's.
    IpOptions,             ///< IP options that record addresses, or are malformed.
    IpSourceRoute,         ///< IP option that says which way to go.
    IpChecksum,            ///< Header checksum is wrong.
    TtlZero,               ///< Arrived with TTL 0.
    MartianSource,         ///< Source is 0/8, loopback, multicast, broadcast or the gateway itself.
    MulticastOrBroadcast,  ///< Destination is multicast, broadcast or loopback.

    // IPv6: --nat64, --nptv6 and --route6.
    Ipv6Malformed,       ///< IPv6 headers that contradict themselves, or end too early.
    Ipv6Routing,         ///< A routing header says which way to go.
    Ipv6Source,          ///< From inside, source not of --lan6, or no host's.
    Ipv6Destination,     ///< From inside, to an address that is not behind --nat64; with --nptv6
                         ///< or --route6 from no such prefix, or to a host inside.
    Ipv6Untranslatable,  ///< IPv4 has no word for it, or IPv6 none.
    Ipv6NoChecksum,      ///< From IPv4, UDP without the checksum that IPv6 wants: a fragment, or
                         ///< with --nat64-zero-checksum drop.
    Ipv6HostsFull,       ///< No number of --ipv6-numbers is free for a new inside host.
    Ipv6NoHost,          ///< To a number of --ipv6-numbers that no inside host has.
    Ipv6Number,          ///< From a wire, with an address of --ipv6-numbers or --ipv6-peers.
    Ipv6Unmapped,        ///< Its address is one that NPTv6 gives no other.
    Ipv6NewHosts,        ///< From outside, to one of too many hosts that have sent nothing yet.
    Ipv6PeersFull,       ///< No number of --ipv6-peers is free for a new IPv6 host outside.

    // Transport header.
    TransportHeader,    ///< TCP data offset, UDP length or SCTP chunks contradict the packet.
    TransportChecksum,  ///< TCP, UDP, UDP-Lite, SCTP or ICMP checksum is wrong.
    IcmpType,           ///< ICMP that is neither query, answer nor error.
    IcmpRedirect,       ///< ICMP redirect: meant for the link that it came by.
    IcmpErrorQuote,     ///< ICMP error that quotes no packet, or too little of one.

    // Fragments.
    FragmentInvalid,      ///< Offset and length that no datagram has.
    FragmentHeader,       ///< A first fragment without its whole transport header.
    FragmentUnsupported,  ///< Part of an ICMP error, or of SCTP.
    FragmentOverlap,      ///< Contradicts other fragments of its datagram, all of which end so.
    FragmentDuplicate,    ///< The same one waits already.
    FragmentPieces,       ///< Its datagram comes in too many pieces.
    FragmentRefused,      ///< Its datagram's first fragment was dropped.
    FragmentTimeout,      ///< Its datagram's first fragment did not come.
    FragmentBudget,       ///< Gave way to others: --fragment-datagrams, --fragment-bytes.

    // Where from, where to.
    ForeignSource,  ///< From the inside port, source not in --inside.
    StrictSource,   ///< --strict-source: its source has not answered, or another MAC or interface.
    NoRule,         ///< From a host that rules serve, but not toward this destination.
    Denied,         ///< From inside, and a --deny says no.
    InsideDestination,  ///< From inside to inside: not this gateway's to forward.
    OutsideToInside,    ///< From outside, addressed straight to an inside address.
    OutsideSpoof,       ///< From outside, with an inside or pool source.
    NotOurs,            ///< From outside, to an address that is not the gateway's.
    ToGateway,          ///< To the gateway's own address, where only ping is answered, or a twin.
    Hairpin,            ///< From inside to a public endpoint that nobody holds.
    NoRoute,            ///< No route to the destination.
    NoRealm,            ///< One-armed: neither from a host that is served nor to a public address.

    // Tracking: what Linux calls INVALID, refused before any rewrite.
    NoMapping,               ///< From outside, no flow.
    Filtered,                ///< To a mapping whose filter does not let the sender in.
    IcmpErrorUnknown,        ///< ICMP error about a packet of no flow.
    IcmpErrorMismatch,       ///< ICMP error to another host than sent what it quotes.
    IcmpErrorMtu,            ///< ICMP error from outside with an MTU below --least-pmtu.
    IcmpErrorNumber,         ///< --tcp-strict: ICMP error about TCP that is not in flight.
    InvalidFlags,            ///< No legal set of TCP flags.
    InvalidUntrackedFin,     ///< FIN without a flow.
    InvalidUntrackedRst,     ///< RST without a flow.
    InvalidUntrackedSynAck,  ///< SYN/ACK without a flow.
    InvalidUntrackedAck,     ///< ACK without a flow, --tcp-loose 0.
    InvalidUntrackedIcmp,    ///< Answer to an ICMP query without the query.
    InvalidUntrackedSctp,    ///< SCTP without a flow that is no INIT.
    InvalidSctpTag,          ///< SCTP with a tag that its receiver has not asked for.
    InvalidTransition,       ///< The flow's state allows no such segment.
    InvalidWindowAbove,      ///< Beyond the window that the receiver has offered.
    InvalidAckUnsent,        ///< Acknowledges what was never sent.
    InvalidRst,              ///< RST from before the receiver's last ACK.
    RstChallenged,           ///< --tcp-strict: RST without the exact number; its sender is asked.
    HelperPart,              ///< A part of a line that --helper wants in one segment.

    // Resources.
    TableFull,           ///< --flows reached, or no bucket has room.
    HostFlows,           ///< The inside host has --max-flows-per-host flows.
    HostRate,            ///< It opened --max-new-flows-per-second-per-host in this second.
    OutsideFlows,        ///< Outside hosts have --max-flows-from-outside flows.
    ForwardFlows,        ///< The forward, or the pair, has max-flows flows.
    ForwardRate,         ///< It was opened as many flows by in this second as its rate= allows.
    PrefixFlows,         ///< Its source's prefix has as many as --max-flows-per-prefix says.
    PortsExhausted,      ///< No free external port toward this destination.
    HostBlocks,          ///< None free in the --port-blocks-per-host blocks of the inside host.
    BlocksExhausted,     ///< The inside host wants a block of ports, and none is free.
    PortsUnsearched,     ///< None found yet; the search goes on with the next packet.
    AddressesExhausted,  ///< Without ports: every public address has another host's such flow
                         ///< there.
    EndpointTaken,       ///< The inside endpoint talks to the sender by another public one.
    NeighbourFailed,     ///< The next hop does not answer ARP.
    NeighbourQueueFull,  ///< Too many packets wait for the same next hop.
    NeighbourTableFull,  ///< Of --neighbours next hops no place is free yet.
    PuntFull,            ///< The control core's ring is full.
    ReleaseFull,         ///< The control core's ring to a worker is full.
    HandoffFull,         ///< The owner's ring is full.
    HandoffLoop,         ///< Handed over once already, and not at home here either.
    TxFull,              ///< The port took no more.
    Standby,             ///< This gateway stands by, and the other one of the pair forwards.
    NoLease,             ///< --cluster: etcd has not confirmed in time that the gateway lives.
    NotHeld,             ///< --cluster: its public address is not this gateway's, or no longer.
    LinkDown,            ///< The port that it was to leave by has no link.
    TwinRate,            ///< For the gateway's kernel, beyond --twin-rate.
    TwinFull,            ///< For the gateway's kernel, which did not take it.
    TwinSource,          ///< From the gateway's kernel, and not from an address of its own.
    TwinPortTaken,       ///< From the gateway's kernel, by a port that an inside host's flow has.
    TtlExceeded,         ///< TTL ran out here.
    TooBig,              ///< Larger than the outgoing MTU, and not to be fragmented.
    SplitFailed,         ///< Larger than the outgoing MTU, and no mbufs for its fragments.
    Shutdown,            ///< Was waiting when the gateway stopped.
};

inline constexpr size_t kDropCount = index(Drop::Shutdown) + 1;

/// The counter's name: "invalid_untracked_fin".
std::string_view drop_name(Drop reason);

}  // namespace sluice::stats
