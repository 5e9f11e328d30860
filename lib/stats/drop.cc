// SPDX-License-Identifier: BSD-3-Clause
#include "stats/drop.h"

#include <iterator>

namespace sluice::stats {
namespace {

struct Row {
    Drop reason;
    std::string_view name;
};

using enum Drop;

constexpr Row kRows[] = {
    {NotForUs, "not_for_us"},
    {UnknownVlan, "unknown_vlan"},
    {Qinq, "qinq"},
    {NotIpv4, "not_ipv4"},
    {ArpMalformed, "arp_malformed"},
    {Truncated, "truncated"},
    {SplitHeaders, "split_headers"},
    {IpVersion, "ip_version"},
    {IpHeaderLength, "ip_header_length"},
    {IpLength, "ip_length"},
    {IpOptions, "ip_options"},
    {IpSourceRoute, "ip_source_route"},
    {IpChecksum, "ip_checksum"},
    {TtlZero, "ttl_zero"},
    {MartianSource, "martian_source"},
    {MulticastOrBroadcast, "multicast_or_broadcast"},
    {Ipv6Malformed, "ipv6_malformed"},
    {Ipv6Routing, "ipv6_routing"},
    {Ipv6Source, "ipv6_source"},
    {Ipv6Destination, "ipv6_destination"},
    {Ipv6Untranslatable, "ipv6_untranslatable"},
    {Ipv6NoChecksum, "ipv6_no_checksum"},
    {Ipv6HostsFull, "ipv6_hosts_full"},
    {Ipv6NoHost, "ipv6_no_host"},
    {Ipv6Number, "ipv6_number"},
    {Ipv6Unmapped, "ipv6_unmapped"},
    {Ipv6NewHosts, "ipv6_new_hosts"},
    {Ipv6PeersFull, "ipv6_peers_full"},
    {TransportHeader, "transport_header"},
    {TransportChecksum, "transport_checksum"},
    {IcmpType, "icmp_type"},
    {IcmpRedirect, "icmp_redirect"},
    {IcmpErrorQuote, "icmp_error_quote"},
    {FragmentInvalid, "fragment_invalid"},
    {FragmentHeader, "fragment_header"},
    {FragmentUnsupported, "fragment_unsupported"},
    {FragmentOverlap, "fragment_overlap"},
    {FragmentDuplicate, "fragment_duplicate"},
    {FragmentPieces, "fragment_pieces"},
    {FragmentRefused, "fragment_refused"},
    {FragmentTimeout, "fragment_timeout"},
    {FragmentBudget, "fragment_budget"},
    {ForeignSource, "foreign_source"},
    {StrictSource, "strict_source"},
    {NoRule, "no_rule"},
    {Denied, "denied"},
    {InsideDestination, "inside_destination"},
    {OutsideToInside, "outside_to_inside"},
    {OutsideSpoof, "outside_spoof"},
    {NotOurs, "not_ours"},
    {ToGateway, "to_gateway"},
    {Hairpin, "hairpin"},
    {NoRoute, "no_route"},
    {NoRealm, "no_realm"},
    {NoMapping, "no_mapping"},
    {Filtered, "filtered"},
    {IcmpErrorUnknown, "icmp_error_unknown"},
    {IcmpErrorMismatch, "icmp_error_mismatch"},
    {IcmpErrorMtu, "icmp_error_mtu"},
    {IcmpErrorNumber, "icmp_error_number"},
    {InvalidFlags, "invalid_flags"},
    {InvalidUntrackedFin, "invalid_untracked_fin"},
    {InvalidUntrackedRst, "invalid_untracked_rst"},
    {InvalidUntrackedSynAck, "invalid_untracked_syn_ack"},
    {InvalidUntrackedAck, "invalid_untracked_ack"},
    {InvalidUntrackedIcmp, "invalid_untracked_icmp"},
    {InvalidUntrackedSctp, "invalid_untracked_sctp"},
    {InvalidSctpTag, "invalid_sctp_tag"},
    {InvalidTransition, "invalid_transition"},
    {InvalidWindowAbove, "invalid_window_above"},
    {InvalidAckUnsent, "invalid_ack_unsent"},
    {InvalidRst, "invalid_rst"},
    {RstChallenged, "rst_challenged"},
    {HelperPart, "helper_part"},
    {TableFull, "table_full"},
    {HostFlows, "host_flows"},
    {HostRate, "host_rate"},
    {OutsideFlows, "outside_flows"},
    {ForwardFlows, "forward_flows"},
    {ForwardRate, "forward_rate"},
    {PrefixFlows, "prefix_flows"},
    {PortsExhausted, "ports_exhausted"},
    {HostBlocks, "host_blocks"},
    {BlocksExhausted, "blocks_exhausted"},
    {PortsUnsearched, "ports_unsearched"},
    {AddressesExhausted, "addresses_exhausted"},
    {EndpointTaken, "endpoint_taken"},
    {NeighbourFailed, "neighbour_failed"},
    {NeighbourQueueFull, "neighbour_queue_full"},
    {NeighbourTableFull, "neighbour_table_full"},
    {PuntFull, "punt_full"},
    {ReleaseFull, "release_full"},
    {HandoffFull, "handoff_full"},
    {HandoffLoop, "handoff_loop"},
    {TxFull, "tx_full"},
    {Standby, "standby"},
    {NoLease, "no_lease"},
    {NotHeld, "not_held"},
    {LinkDown, "link_down"},
    {TwinRate, "twin_rate"},
    {TwinFull, "twin_full"},
    {TwinSource, "twin_source"},
    {TwinPortTaken, "twin_port_taken"},
    {TtlExceeded, "ttl_exceeded"},
    {TooBig, "too_big"},
    {SplitFailed, "split_failed"},
    {Shutdown, "shutdown"},
};

constexpr bool is_in_order() {
    for (size_t i = 0; i < std::size(kRows); ++i)
        if (index(kRows[i].reason) != i)
            return false;
    return std::size(kRows) == kDropCount;
}
static_assert(is_in_order(), "one row for each reason, in the order of the enumerators");

}  // namespace

std::string_view drop_name(Drop reason) {
    return kRows[index(reason)].name;
}

}  // namespace sluice::stats
