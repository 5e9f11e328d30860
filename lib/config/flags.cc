// SPDX-License-Identifier: BSD-3-Clause
#include "config/flags.h"

#include "config/ipv6.h"
#include "config/nptv6.h"
#include "config/ports.h"
#include "config/read_choices.h"
#include "config/read_cluster.h"
#include "config/read_collector.h"
#include "config/read_door.h"
#include "config/read_helpers.h"
#include "config/read_http_address.h"
#include "config/read_mappings.h"
#include "config/read_match.h"
#include "config/read_neighbours.h"
#include "config/read_rules.h"
#include "config/read_sync.h"
#include "config/route6.h"
#include "config/timeout_flags.h"
#include "config/twins.h"
#include "config/uplinks.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <utility>

namespace sluice::config {
namespace {

constexpr std::string_view kPorts = "Ports";
constexpr std::string_view kAddresses = "Addresses";
constexpr std::string_view kIpv6 = "IPv6 inside: NAT64, NPTv6, or with own addresses";
constexpr std::string_view kTwins = "Twins, by which the kernel has an interface too";
constexpr std::string_view kCores = "Cores";
constexpr std::string_view kSpeed = "Speed";
constexpr std::string_view kMemory = "Memory";
constexpr std::string_view kTracking = "Tracking";
constexpr std::string_view kFragments = "Fragments";
constexpr std::string_view kOperation = "Operation";

/// Moves what was read to its place, or passes the error on.
template <typename From, typename To>
Status store(Result<From> read, To& place) {
    if (!read)
        return read.error();
    place = std::move(*read);
    return Done{};
}

Status store_max_retrans(const Given& given, Config& config) {
    const Result<uint32_t> count = read_number(given, {0, 255});
    if (!count)
        return count.error();
    config.tuning.tcp_max_retrans = static_cast<uint8_t>(*count);
    return Done{};
}

Status store_address_key(const Given& given, Config& config) {
    const Result<std::string> word = read_word(given);
    if (!word)
        return word.error();
    config.address_key = pool::parse_address_key(*word);
    if (!config.address_key)
        return wrong(given.flag, *word, "32 hexadecimal digits are wanted");
    return Done{};
}

Status store_blocks_per_host(const Given& given, Config& config) {
    const Result<uint32_t> count = read_number(given, {1, 64});
    if (!count)
        return count.error();
    config.holders.blocks.per_host = static_cast<uint16_t>(*count);
    return Done{};
}

// clang-format off
constexpr Flag kGatewayFlags[] = {
    {"lan", kPorts, Arity::Each, true, "PORT[,vlan=N][,zone=N][,twin=IFNAME]",
     "The inside port, or each of several: pci:0000:03:00.0, af_packet:IFNAME, af_xdp:IFNAME, "
     "tap:NAME, memif:SOCKET[,role=server|client], pcap:RX.pcap,TX.pcap or vdev:DPDK-VDEV; vlan=: "
     "the frames with this tag; zone=, 0 to 4095: subnets of different zones may overlap; twin=: "
     "as --lan-twin, of any of them",
     read_lans},
    {"wan", kPorts, Arity::Each, true, "PORT[,vlan=N][,twin=IFNAME]",
     "The outside port, or that of each of several uplinks; it may be the inside one, with another "
     "tag or without one",
     read_wans},
    {"mtu", kPorts, Arity::One, false, "BYTES",
     "The MTU of all ports, 576 to 9216; default: as they are",
     [](const Given& g, Config& c) { return store(read_number(g, {576, 9216}), c.mtu); }},
    {"on-lost-port", kPorts, Arity::One, false, "end|stay",
     "Where a port is there again for a process that starts anew alone (af_xdp, a NIC that was "
     "taken away or is to be reset): end with exit code 75, so that a supervisor starts sluice "
     "anew, or go on without it; default: end",
     store_on_lost_port},

    {"lan-address", kAddresses, Arity::Each, true, "ADDRESS/LENGTH",
     "The gateway's own address inside, with its subnet; as many as --lan, in the same order",
     read_lan_addresses},
    {"wan-address", kAddresses, Arity::Each, true, "ADDRESS/LENGTH",
     "The gateway's own address outside, with its subnet; as many as --wan, in the same order",
     read_wan_addresses},
    {"gateway", kAddresses, Arity::Each, true, "ADDRESS [onlink]",
     "The next hop of the default route, on the subnet of --wan-address; \"ADDRESS onlink\" where "
     "it is on none, as behind a /32; as many as --wan, in the same order",
     read_gateways},
    {"uplink-weights", kAddresses, Arity::One, false, "W,W[,W]",
     "Shares of new flows for the uplinks, 1 to 255 each, in the order of --wan; default: the same",
     [](const Given& g, Config& c) { return store(read_weights(g), c.uplink_weights); }},
    {"uplink-choice", kAddresses, Arity::One, false, "flow|host",
     "Each flow has an uplink of its own, or all flows of a host have the same; default: flow",
     [](const Given& g, Config& c) { return store(read_uplink_choice(g), c.uplink_choice); }},
    {"route-from", kAddresses, Arity::Many, false, "PREFIX via GATEWAY",
     "Public addresses on the subnet of no --wan-address that belong to the uplink of a --gateway",
     [](const Given& g, Config& c) { return store(read_routes(g), c.routes_from); }},
    {"claim", kAddresses, Arity::One, false, "force|probe",
     "Take the own addresses at once, or when nobody answers for them; default: force",
     store_claim},
    {"on-conflict", kAddresses, Arity::One, false, "defend|tell|leave",
     "Where a host claims one later: announce it again, say so, or leave all; default: defend",
     store_on_conflict},
    {"neighbour", kAddresses, Arity::Many, false, "ADDRESS=MAC",
     "Neighbours whose MAC is not asked for by ARP: \"10.1.0.10=02:00:00:00:00:10\"",
     [](const Given& g, Config& c) { return store(read_neighbours(g), c.fixed_neighbours); }},
    {"announce-interval", kAddresses, Arity::One, false, "SECONDS",
     "Between gratuitous ARP for own and pool addresses; 0: after changes alone; default: 60",
     [](const Given& g, Config& c) { return store(read_interval(g), c.announce_interval); }},
    {"pool", kAddresses, Arity::Many, false, "FIRST-LAST",
     "Public addresses to translate to, or ranges of them; default: that of --wan-address",
     [](const Given& g, Config& c) { return store(read_ranges(g), c.pool); }},
    {"inside", kAddresses, Arity::Many, false, "PREFIX",
     "The networks whose packets are translated to --pool; default: the network of --lan-address, "
     "where no --snat is given, or --pool is",
     [](const Given& g, Config& c) { return store(read_networks(g), c.inside); }},
    {"snat", kAddresses, Arity::Many, false, "HOSTS -> POOL",
     "Translate a network to a pool of its own: \"10.2.0.0/16 -> 198.51.100.1-198.51.100.8\", with "
     "a port range \"-> 198.51.100.9:1024-65535\"; of one zone or toward some only: \"10.0.0.0/8 "
     "zone 5 to 192.0.2.0/24 tcp 25 -> 198.51.100.7\"; the longest prefixes win",
     [](const Given& g, Config& c) { return store(read_snat(g), c.snat); }},
    {"no-nat", kAddresses, Arity::Many, false, "HOSTS",
     "Networks whose hosts leave with their own addresses, toward whomever, or toward some: "
     "\"10.0.0.0/8 to 10.200.0.0/16\"; the longest prefixes win",
     [](const Given& g, Config& c) { return store(read_matches(g), c.no_nat); }},
    {"no-nat-inbound", kAddresses, Arity::One, false, "0|1",
     "1: hosts that leave with their own addresses are reached from outside by these, tracked; "
     "default: 0",
     [](const Given& g, Config& c) { return store(read_switch(g), c.no_nat_inbound); }},
    {"deny", kAddresses, Arity::Many, false, "HOSTS",
     "Inside hosts that open no flows, toward whomever, or toward some: \"10.0.0.0/8 to "
     "192.0.2.0/24\", \"10.3.0.0/16 tcp 25\"; goes before all rules",
     [](const Given& g, Config& c) { return store(read_matches(g), c.deny); }},
    {"forward", kAddresses, Arity::Many, false, "FORWARD",
     "Give a public port, or a range of them, to an inside host: \"tcp 198.51.100.1:8080 -> "
     "10.1.0.10:80\"; to some sources only: \"udp 198.51.100.1:5000-5009 -> 10.1.0.10:5000-5009 "
     "from 203.0.113.0/24\"",
     [](const Given& g, Config& c) { return store(read_forwards(g), c.forwards); }},
    {"one-to-one", kAddresses, Arity::Many, false, "PAIR",
     "Give a public address, of no pool, to an inside host, or a prefix to as many: "
     "\"198.51.100.5 = 10.1.0.20\", \"198.51.100.16/28 = 10.1.0.32/28\"",
     [](const Given& g, Config& c) { return store(read_one_to_one(g), c.one_to_one); }},
    {"address-key", kAddresses, Arity::One, false, "KEY",
     "32 hexadecimal digits by which hosts are given their public addresses, so that they keep "
     "them; default: drawn at the first start and kept beside the control socket",
     store_address_key},
    {"port-block-size", kAddresses, Arity::One, false, "N",
     "Give inside hosts their public ports in blocks of N, a power of two from 16 to 32768, each "
     "with one holder and two lines in the log; default: 0, no blocks",
     [](const Given& g, Config& c) { return store(read_block_size(g), c.holders.blocks.size); }},
    {"port-blocks-per-host", kAddresses, Arity::One, false, "N",
     "Blocks that an inside host can have at once, 1 to 64; default: 4", store_blocks_per_host},
    {"route", kAddresses, Arity::Many, false, "PREFIX via ADDRESS",
     "Static routes; the longest prefix wins",
     [](const Given& g, Config& c) { return store(read_routes(g), c.routes); }},
    {"inside-routing", kAddresses, Arity::Switch, false, "",
     "Inside networks reach one another, tracked and untranslated; without it they do not",
     [](const Given& g, Config& c) { return store(read_switch(g), c.inside_routing); }},
    {"nat64", kIpv6, Arity::One, false, "PREFIX",
     "IPv6 hosts of --lan6 find IPv4 hosts behind this prefix, as 64:ff9b::/96 or one of 32, 40, "
     "48, 56, 64 or 96 bits; default: they find none",
     [](const Given& g, Config& c) { return store(read_nat64(g), c.nat64); }},
    {"lan6", kIpv6, Arity::One, false, "ADDRESS/LENGTH",
     "The gateway's own IPv6 address on the first --lan, with the subnet of the hosts there",
     [](const Given& g, Config& c) { return store(read_ipv6_address(g), c.lan6); }},
    {"nptv6", kIpv6, Arity::Many, false, "PREFIX -> PREFIX",
     "IPv6 hosts of the first prefix have addresses of the second outside, without flows",
     [](const Given& g, Config& c) { return store(read_nptv6(g), c.nptv6); }},
    {"route6", kIpv6, Arity::Many, false, "PREFIX",
     "IPv6 hosts that talk to IPv6 outside with their own addresses, and are answered alone",
     [](const Given& g, Config& c) { return store(read_route6(g), c.route6); }},
    {"wan6", kIpv6, Arity::One, false, "ADDRESS/LENGTH",
     "The gateway's own IPv6 address on the first --wan, for --nptv6 and --route6",
     [](const Given& g, Config& c) { return store(read_ipv6_address(g), c.wan6); }},
    {"gateway6", kIpv6, Arity::One, false, "ADDRESS", "The IPv6 next hop there, of all that leaves",
     [](const Given& g, Config& c) { return store(read_gateway6(g), c.gateway6); }},
    {"ipv6-numbers", kIpv6, Arity::One, false, "PREFIX",
     "A network on no wire: to rules IPv6 hosts have addresses of it; default: 198.18.0.0/16",
     [](const Given& g, Config& c) { return store(read_ipv6_numbers(g), c.numbers); }},
    {"ipv6-peers", kIpv6, Arity::One, false, "PREFIX",
     "Likewise of the IPv6 hosts outside that --route6 is for; default: 198.19.0.0/16",
     [](const Given& g, Config& c) { return store(read_ipv6_peers(g), c.peers); }},
    {"nat64-zero-checksum", kIpv6, Arity::One, false, "compute|drop",
     "UDP from IPv4 without a checksum, which IPv6 wants: compute it, or drop the packet; default: "
     "compute",
     store_zero_checksum},
    {"ra", kIpv6, Arity::One, false, "0|1",
     "1: tell hosts by router advertisements of the gateway, --lan6 and --nat64; default: 0",
     [](const Given& g, Config& c) { return store(read_switch(g), c.advertises_router); }},
    {"ra-dns", kIpv6, Arity::Many, false, "ADDRESS",
     "DNS servers, up to three, that --ra 1 tells hosts of; default: none", store_dns6},

    {"lan-twin", kTwins, Arity::One, false, "IFNAME",
     "A kernel interface in the place of the first --lan, for the gateway's own services",
     [](const Given& g, Config& c) { return store(read_word(g), c.lan_twin); }},
    {"wan-twin", kTwins, Arity::One, false, "IFNAME",
     "Likewise in the place of the first --wan, or of the only port",
     [](const Given& g, Config& c) { return store(read_word(g), c.wan_twin); }},
    {"twin-ports", kTwins, Arity::Many, false, "LIST",
     "Ports of own addresses that are the kernel's, as 22,60000-60999; default: 22, and its own",
     [](const Given& g, Config& c) { return store(read_port_list(g), c.twin_ports); }},
    {"twin-rate", kTwins, Arity::One, false, "N",
     "Packets that each twin is given a second, 1 to 1000000; default: 10000",
     [](const Given& g, Config& c) { return store(read_number(g, {1, 1000000}), c.twin_rate); }},

    {"workers", kCores, Arity::One, false, "N", "Threads that forward, 1 to 63; default: 1",
     [](const Given& g, Config& c) { return store(read_number(g, {1, kMostWorkers}), c.workers); }},
    {"worker-cores", kCores, Arity::Many, false, "LIST",
     "Their CPUs, as 1,3,5-7; default: the allowed CPUs after the control core's",
     [](const Given& g, Config& c) { return store(read_cpus(g), c.worker_cores); }},
    {"control-core", kCores, Arity::One, false, "N",
     "The CPU of all other work; default: the first allowed CPU",
     [](const Given& g, Config& c) { return store(read_number(g, {0, 1023}), c.control_core); }},
    {"idle", kCores, Arity::One, false, "busy|sleep",
     "What a worker without packets does; default: sleep where threads share a CPU, else busy",
     store_idle},
    {"steer-replies", kCores, Arity::One, false, "never|changed|always",
     "Choose ports by which replies arrive at their flow's worker, where the NIC's RSS is known: "
     "for flows that cannot keep their own port, or for all; default: changed",
     store_steer_replies},

    {"burst", kSpeed, Arity::One, false, "N",
     "Packets that a worker takes from a queue at once, 1 to 64; default: 32",
     [](const Given& g, Config& c) { return store(read_number(g, {1, 64}), c.burst); }},
    {"prefetch", kSpeed, Arity::One, false, "0|1",
     "1: send for the headers of a whole burst before reading the first; default: 1",
     [](const Given& g, Config& c) { return store(read_switch(g), c.prefetch); }},
    {"rx-ring", kSpeed, Arity::One, false, "N",
     "Descriptors of each receive queue, a power of two, 64 to 32768; default: 1024",
     [](const Given& g, Config& c) { return store(read_ring_size(g), c.rx_ring); }},
    {"tx-ring", kSpeed, Arity::One, false, "N",
     "Descriptors of each transmit queue, a power of two, 64 to 32768; default: 1024",
     [](const Given& g, Config& c) { return store(read_ring_size(g), c.tx_ring); }},
    {"rss-key", kSpeed, Arity::One, false, "HEX",
     "Key by which NICs spread packets over queues, 40 or 52 bytes; default: one drawn at each "
     "start, or the driver's where the NIC takes none",
     [](const Given& g, Config& c) { return store(read_key(g), c.rss_key); }},

    {"flows", kMemory, Arity::One, false, "N",
     "Flows that can be open at once, 1 to 268435456; default: 262144",
     [](const Given& g, Config& c) { return store(read_number(g, {1, 1U << 28}), c.flows); }},
    {"neighbours", kMemory, Arity::One, false, "N",
     "Next hops and hosts on the links that can be known at once, 64 to 65535; default: as many as "
     "the subnets have room for, 16384 at least",
     [](const Given& g, Config& c) { return store(read_number(g, {64, 65535}), c.neighbours); }},
    {"max-flows-per-host", kMemory, Arity::One, false, "N",
     "Flows that an inside host can have at once, up to 268435456; 0: no limit; default: 32768",
     [](const Given& g, Config& c) { return store(read_flow_limit(g), c.host_limits.flows); }},
    {"max-new-flows-per-second-per-host", kMemory, Arity::One, false, "N",
     "Flows that an inside host can open within a second, up to 1000000; default: 0, no limit",
     [](const Given& g, Config& c) {
         return store(read_number(g, {0, hosts::kHighestRate}), c.host_limits.new_per_second);
     }},
    {"max-flows-from-outside", kMemory, Arity::One, false, "N",
     "Flows that outside hosts can have open at once, or 0; default: half of --flows",
     [](const Given& g, Config& c) { return store(read_flow_limit(g), c.quotas.inward); }},
    {"max-flows-per-prefix", kMemory, Arity::One, false, "LENGTH:N[,LENGTH:N]",
     "Flows of the inside hosts of each IPv4 prefix of LENGTH together; behind the comma of each "
     "IPv6 prefix, which have no limit without it; default: 0, no limit",
     [](const Given& g, Config& c) { return store_prefix_limits(g, c.quotas); }},
    {"max-flows-per-outside-prefix", kMemory, Arity::One, false, "LENGTH:N",
     "Likewise of the outside hosts, those that they open; default: 0, no limit",
     [](const Given& g, Config& c) {
         return store(read_prefix_limit(g), c.quotas.outside_prefix);
     }},
    {"no-huge", kMemory, Arity::Switch, false, "",
     "Use ordinary memory, no hugepages: slower, needs no preparation",
     [](const Given& g, Config& c) { return store(read_switch(g), c.no_huge); }},
    {"memory", kMemory, Arity::One, false, "MB",
     "Memory for packets and routes, 16 to 1048576; default: what ports and workers need",
     [](const Given& g, Config& c) { return store(read_number(g, {16, 1U << 20}), c.memory_mb); }},

    {"verify-checksum", kTracking, Arity::One, false, "auto|always|never",
     "Check what arrives: by the NIC if it can, else here; always here; never; default: auto",
     store_verify_checksum},
    {"tcp-loose", kTracking, Arity::One, false, "0|1",
     "1: an ACK that belongs to no flow opens one; default: 1",
     [](const Given& g, Config& c) { return store(read_switch(g), c.tuning.tcp_loose); }},
    {"tcp-be-liberal", kTracking, Arity::One, false, "0|1",
     "1: of what is out of window only RSTs are invalid; default: 0",
     [](const Given& g, Config& c) { return store(read_switch(g), c.tuning.tcp_be_liberal); }},
    {"tcp-ignore-invalid-rst", kTracking, Arity::One, false, "0|1",
     "1: a RST from before the receiver's last ACK is not invalid; default: 0",
     [](const Given& g, Config& c) {
         return store(read_switch(g), c.tuning.tcp_ignore_invalid_rst);
     }},
    {"tcp-strict", kTracking, Arity::One, false, "0|1",
     "1: forged RSTs and SYNs from off the path end no connection; default: 0, as Linux",
     [](const Given& g, Config& c) { return store(read_switch(g), c.tuning.tcp_strict); }},
    {"reset-hold", kTracking, Arity::One, false, "SECONDS",
     "A connection that a RST ends holds its port so long, 0 to 86400; default: 0, as Linux",
     [](const Given& g, Config& c) { return store(read_interval(g), c.tuning.tcp_reset_hold); }},
    {"strict-source", kTracking, Arity::One, false, "0|1",
     "1: flows open for inside sources that answer ARP, or are routed there; default: 0",
     [](const Given& g, Config& c) { return store(read_switch(g), c.strict.source); }},
    {"least-pmtu", kTracking, Arity::One, false, "BYTES",
     "Refuse ICMP errors from outside that say less, up to 1500; default: 0, none",
     [](const Given& g, Config& c) {
         return store(read_number(g, {0, 1500}), c.strict.least_pmtu);
     }},
    {"tcp-max-retrans", kTracking, Arity::One, false, "N",
     "Equal segments in a row after which --timeout-tcp-max-retrans applies, 0 to 255; default: 3",
     store_max_retrans},
    {"invalid", kTracking, Arity::One, false, "drop|reject",
     "What no flow allows: drop it; or also answer an inside host's TCP segment with a RST; "
     "default: drop",
     store_invalid},
    {"on-exhaustion", kTracking, Arity::One, false, "drop|reject",
     "Packets for whose flow no port is free: drop them, or tell their inside hosts too, by RST or "
     "ICMP; default: drop",
     store_on_exhaustion},
    {"reject-rate", kTracking, Arity::One, false, "N",
     "RSTs a second of --invalid and --on-exhaustion reject in all, 0 to 1000000; default: 1000",
     [](const Given& g, Config& c) { return store(read_number(g, {0, 1000000}), c.reject_rate); }},
    {"icmp-rate", kTracking, Arity::One, false, "N",
     "ICMP errors that sluice itself sends a second, in all, 0 to 1000000; default: 1000",
     [](const Given& g, Config& c) { return store(read_number(g, {0, 1000000}), c.icmp_rate); }},
    {"mss-clamp", kTracking, Arity::One, false, "BYTES|pmtu|off",
     "Lower the MSS of TCP connections to this, 536 to 65495, or to what both ports' MTU allows; "
     "default: off",
     store_mss_clamp},
    {"accounting", kTracking, Arity::Switch, false, "",
     "Count packets and bytes of each flow, at 32 bytes of memory a flow",
     [](const Given& g, Config& c) { return store(read_switch(g), c.accounting); }},
    {"helper", kTracking, Arity::Many, false, "HELPER",
     "Read what clients and servers of a protocol tell each other of further flows, and let these "
     "in: ftp, tftp, pptp; with the servers' ports if they are others: ftp:21,2121; default: none",
     [](const Given& g, Config& c) { return store(read_helpers(g), c.helpers); }},

    {"fragment-datagrams", kFragments, Arity::One, false, "N",
     "Datagrams whose fragments are on their way, for each worker, 64 to 1048576; default: 4096",
     [](const Given& g, Config& c) {
         return store(read_number(g, {fragment::kLeastDatagrams, 1U << 20}),
                      c.fragments.datagrams);
     }},
    {"fragment-bytes", kFragments, Arity::One, false, "BYTES",
     "Memory for fragments that wait for the first of their datagram, for each worker, "
     "0 to 1073741824; default: 4194304",
     [](const Given& g, Config& c) {
         return store(read_number(g, {0, 1U << 30}), c.fragments.bytes);
     }},
    {"fragment-timeout", kFragments, Arity::One, false, "SECONDS",
     "How long they wait, 1 to 1728000; default: 30",
     [](const Given& g, Config& c) { return store(read_seconds(g), c.fragments.timeout); }},
};

constexpr Flag kOperationFlags[] = {
    {"control-socket", kOperation, Arity::One, false, "PATH",
     "The UNIX socket that sluicectl talks to; default: /run/sluice.sock",
     [](const Given& g, Config& c) { return store(read_word(g), c.control_socket); }},
    {"control-group", kOperation, Arity::One, false, "GROUP",
     "Whose members may use the socket too, and change nothing; name or number; default: none",
     [](const Given& g, Config& c) { return store(read_word(g), c.control_group); }},
    {"force", kOperation, Arity::Switch, false, "",
     "Start on an interface that carries this machine's default route, or your login, too",
     [](const Given& g, Config& c) { return store(read_switch(g), c.force); }},
    {"confine", kOperation, Arity::One, false, "0|1",
     "1: give up, once ports and memory are there, what privileges and system calls the running "
     "gateway does not need; default: 1",
     [](const Given& g, Config& c) { return store(read_switch(g), c.confine); }},
    {"on-reload", kOperation, Arity::One, false, "keep|drain|end",
     "Flows that its rules would not open: go on, or for --drain-time, or end; default: keep",
     store_on_reload},
    {"drain-time", kOperation, Arity::One, false, "SECONDS",
     "How long they go on with --on-reload drain, 1 to 86400; default: 300",
     [](const Given& g, Config& c) { return store(read_number(g, {1, 86400}), c.drain_time); }},
    {"stats-interval", kOperation, Arity::One, false, "SECONDS",
     "Print a summary every so often, 1 to 86400; default: 0, never",
     [](const Given& g, Config& c) { return store(read_number(g, {0, 86400}), c.stats_interval); }},
    {"ipfix", kOperation, Arity::One, false, "udp|tcp:ADDRESS:PORT",
     "Tell this collector of each translation as it begins and ends, by IPFIX; of blocks of ports "
     "instead where there are; default: nobody",
     [](const Given& g, Config& c) { return store(read_ipfix(g), c.flow_logs.ipfix); }},
    {"netflow9", kOperation, Arity::One, false, "udp:ADDRESS:PORT",
     "Tell this collector the same by NetFlow 9; default: nobody",
     [](const Given& g, Config& c) { return store(read_netflow9(g), c.flow_logs.netflow9); }},
    {"log-flows", kOperation, Arity::Many, false, "TARGET",
     "Write the same as lines into json:/PATH, file:/PATH (as conntrack -E), syslog of this "
     "machine, or syslog:udp|tcp:ADDRESS:PORT; default: nowhere",
     [](const Given& g, Config& c) { return store(read_log_flows(g), c.flow_logs.lines); }},
    {"log-both", kOperation, Arity::One, false, "0|1",
     "With --port-block-size: --ipfix, --netflow9 and --log-flows tell of each flow too; default: "
     "0, of blocks alone",
     [](const Given& g, Config& c) { return store(read_switch(g), c.flow_logs.both); }},
    {"http", kOperation, Arity::One, false, "[ADDRESS:]PORT",
     "Answer HTTP there, by the kernel's own interfaces, to whoever gets there: metrics, health, a "
     "page that shows the gateway at work, and what that asks for; a port alone is on 127.0.0.1; "
     "default: nowhere",
     [](const Given& g, Config& c) { return store(read_http_address(g), c.http); }},
    {"state", kOperation, Arity::One, false, "FILE",
     "Keep the flows in this file, on tmpfs or hugetlbfs, for the next start; default: none",
     [](const Given& g, Config& c) { return store(read_word(g), c.state.file); }},
    {"state-mismatch", kOperation, Arity::One, false, "empty|refuse",
     "Where the file is of another build or size of port blocks; default: empty",
     store_state_mismatch},
    {"sync", kOperation, Arity::One, false, "listen=ADDRESS:PORT,peer=ADDRESS:PORT[,priority=N]",
     "Be one of two gateways: have its flows, or let it have these, over a connection of the "
     "kernel's; of two that are active the one with the lower priority steps back, 1 to 255; "
     "default: alone",
     [](const Given& g, Config& c) { return store(read_sync(g), c.sync); }},
    {"sync-key", kOperation, Arity::One, false, "FILE",
     "64 hexadecimal digits, the same in both, by which they know one another, where they have no "
     "certificates, and give hosts the same addresses",
     [](const Given& g, Config& c) { return store(read_word(g), c.sync_key); }},
    {"sync-cert", kOperation, Arity::One, false, "FILE",
     "This gateway's certificate, PEM, with those between it and its authority: the two know one "
     "another by these, not by a key",
     [](const Given& g, Config& c) { return store(read_word(g), c.sync_certificates.chain); }},
    {"sync-cert-key", kOperation, Arity::One, false, "FILE",
     "The certificate's key, PEM without a password",
     [](const Given& g, Config& c) { return store(read_word(g), c.sync_certificates.key); }},
    {"sync-ca", kOperation, Arity::One, false, "FILE",
     "Certificates of the authorities that the peer's certificate may be of, PEM",
     [](const Given& g, Config& c) { return store(read_word(g), c.sync_certificates.authority); }},
    {"sync-peer-name", kOperation, Arity::One, false, "NAME",
     "The DNS name that the peer's certificate has; default: it has the peer's address",
     [](const Given& g, Config& c) {
         return store(read_peer_name(g), c.sync_certificates.peer_name);
     }},
    {"sync-flows", kOperation, Arity::One, false, "assured|all",
     "Which flows the peer is told; default: assured", store_sync_flows},
    {"role", kOperation, Arity::One, false, "active|standby",
     "Which of the two it is at the start; default: active", store_role},
    {"cluster", kOperation, Arity::One, false, "etcd=URL[,URL...],name=NAME[,listen=ADDRESS:PORT]",
     "Share the public addresses with other gateways: each is used by one of them at a time, by a "
     "lease in etcd; default: alone",
     [](const Given& g, Config& c) { return store(read_cluster(g), c.cluster); }},
};
// clang-format on

template <size_t... counts>
constexpr auto one_table(const Flag (&... tables)[counts]) {
    std::array<Flag, (counts + ...)> all;
    auto end = all.begin();
    ((end = std::copy(std::begin(tables), std::end(tables), end)), ...);
    return all;
}

constexpr auto kFlags = one_table(kGatewayFlags, kTimeoutFlags, kOperationFlags);

}  // namespace

std::span<const Flag> flags() {
    return kFlags;
}

const Flag* find_flag(std::string_view name) {
    const auto found = std::ranges::find(kFlags, name, &Flag::name);
    return found == kFlags.end() ? nullptr : &*found;
}

std::string section_of(const Flag& flag) {
    std::string name;
    for (const char c : flag.group.substr(0, flag.group.find_first_of(" ,")))
        name += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    return name;
}

}  // namespace sluice::config
