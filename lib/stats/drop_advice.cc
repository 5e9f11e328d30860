// SPDX-License-Identifier: BSD-3-Clause
#include "stats/drop_advice.h"

#include <iterator>

namespace sluice::stats {
namespace {

struct Row {
    Drop reason;
    DropAdvice advice;
};

using enum Drop;

constexpr Row kRows[] = {
    {NotForUs,
     {"The frame's destination MAC is another host's.",
      "A few come from a switch that has not learned a MAC yet. Many: the port is "
      "promiscuous or mirrored, or a neighbour has an old ARP entry."}},
    {UnknownVlan,
     {"The frame's VLAN is that of no interface on its port; or it has no tag, and every "
      "interface there has vlan=.",
      "Broadcasts of other VLANs on a trunk: take those VLANs off the switch port. Traffic "
      "you want: compare vlan= of --lan and --wan with the switch, and which of its VLANs "
      "is untagged (native)."}},
    {Qinq,
     {"Two VLAN tags, or one of 802.1ad (EtherType 0x88a8).",
      "sluice takes one tag of 802.1Q. Let the switch take the outer tag off."}},
    {NotIpv4,
     {"Neither IPv4 nor ARP: IPv6 that no flag serves, LLDP, spanning tree.",
      "Normal in small numbers."}},
    {ArpMalformed,
     {"ARP that is cut short, not for IPv4 over Ethernet, or sent from a MAC that no host "
      "has.",
      "A broken or hostile sender: find its MAC in a capture."}},
    {Truncated,
     {"The frame ends before its headers, or before the length that the IP header claims.",
      "Look for a broken sender or NIC, or for an MTU that is smaller than what the peer "
      "sends. On an af_xdp: port whose peer is on the same machine: switch the peer's "
      "offloads off (ethtool -K IF tso off gso off)."}},
    {SplitHeaders,
     {"The headers lie in more than one buffer segment.",
      "The receive buffers are very small, or a virtual NIC splits headers from payload: "
      "switch header split off."}},
    {IpVersion,
     {"The EtherType says IPv4, the version field does not.",
      "A broken sender or damaged frames: look at the port's error counters."}},
    {IpHeaderLength, {"The header claims fewer than 20 bytes.", "As ip_version."}},
    {IpLength, {"The total length is shorter than the header.", "As ip_version."}},
    {IpOptions,
     {"IP options in which routers write down addresses (record route, timestamp, "
      "traceroute: they would show those inside), or which contradict their lengths. Others "
      "pass.",
      "ping -R and ping -T do this; trace with traceroute."}},
    {IpSourceRoute,
     {"An IP option says which way the packet is to go.",
      "A probe, as a rule. Linux drops it too, unless accept_source_route is set."}},
    {IpChecksum,
     {"The IPv4 header's checksum is wrong.",
      "Damage on the way: cables, NICs, memory of a hop. If the sender is a virtual "
      "machine, its checksum offload is not completed by the host."}},
    {TtlZero,
     {"Arrived with TTL 0, which no router may send.",
      "A routing loop with a faulty router in it, or a forged packet."}},
    {MartianSource,
     {"The source cannot be a host's: 0/8, loopback, multicast, broadcast, or the gateway's "
      "own address.",
      "Forged, or a host that took an address of the gateway: look for its MAC in a "
      "capture."}},
    {MulticastOrBroadcast,
     {"The destination, as MAC or as IP address, is multicast, broadcast or loopback, which "
      "NAT does not forward.",
      "Normal: DHCP, mDNS, SSDP and the like on the local network."}},
    {Ipv6Malformed,
     {"The headers of an IPv6 packet contradict themselves or end too early, an ICMPv6 "
      "error ends before the quote whose length it says, or neighbour discovery is not as "
      "it must be (hop limit 255, whole, from one host, sound options).",
      "A broken or hostile sender."}},
    {Ipv6Routing,
     {"A routing header says which way the packet is to go.",
      "A probe, as a rule; RFC 5095 took such headers away."}},
    {Ipv6Source,
     {"From inside, with a source that is neither of the subnet of --lan6 nor behind a "
      "--route, is no host's, or lies behind --nat64; or a link-local one toward somebody "
      "else than the gateway.",
      "A host with an address of another prefix: look whether somebody else sends router "
      "advertisements there."}},
    {Ipv6Destination,
     {"From inside, to an address that is not behind --nat64; or to one behind it that must "
      "not be reached so: of --ipv6-numbers, or private behind 64:ff9b::/96. With --nptv6 or "
      "--route6: from a host of none of their prefixes, to a host inside, or to what no network "
      "is beyond. Its sender is told that there is no way.",
      "Without these two native IPv6 is not forwarded: name the prefixes of the hosts, or give "
      "them a DNS64 that answers for all names. For private IPv4 networks take a prefix of your "
      "own."}},
    {Ipv6Untranslatable,
     {"The other version of IP has no word for it: ICMP types without an equivalent, ICMP "
      "in fragments, headers behind a fragment header. By --nptv6, where neither is looked "
      "behind, also authentication headers and shim6.",
      "Normal in small numbers: large pings in fragments to IPv4 are among them (RFC 7915 §1.2)."}},
    {Ipv6NoChecksum,
     {"From IPv4, UDP without a checksum, which IPv6 wants: the first fragment of a "
      "datagram, for which none can be computed; or, with --nat64-zero-checksum drop, every "
      "such datagram.",
      "Normal in small numbers. Many from one sender: have it make checksums; "
      "--nat64-zero-checksum compute lets in those that come in one piece. sluicectl "
      "capture --drops ipv6_no_checksum shows who sends them."}},
    {Ipv6HostsFull,
     {"No address of --ipv6-numbers is free in the bucket of a new IPv6 host, or another "
      "worker was giving one there at the same moment.",
      "Give a shorter prefix, so that there are four times as many as hosts, of each part "
      "where IPv6 prefixes are named. Many from one MAC: somebody forges sources."}},
    {Ipv6NoHost,
     {"To an address of --ipv6-numbers that no IPv6 host has: it has sent nothing for half "
      "an hour, or for a minute where numbers are short, and had no flow.",
      "Normal in small numbers."}},
    {Ipv6Number,
     {"A frame of IPv4 or ARP came from a wire with an address of --ipv6-numbers or "
      "--ipv6-peers, which stand for IPv6 hosts inside the gateway alone.",
      "A network uses these addresses: give another prefix. Else somebody forges them."}},
    {Ipv6Unmapped,
     {"From or to an address of --nptv6 that RFC 6296 gives no other: bits 48 to 63 are ones, or, "
      "of prefixes longer than 48 bits, the interface identifier is zeros or ones alone. Its "
      "sender is told that there is no way.",
      "Do not give hosts the subnet ffff of a prefix, nor such identifiers."}},
    {Ipv6NewHosts,
     {"From outside, to an inside host by --nptv6 that has sent nothing for half an hour, while "
      "others were asked for in this second: a worker has 16 new ones solicited in each.",
      "Somebody scans the prefix, as a rule. A host that is to be reached is reached by the "
      "next packets, and always once it has sent something."}},
    {Ipv6PeersFull,
     {"From inside, to an IPv6 host outside (--route6) for which no address of --ipv6-peers is "
      "free in its bucket, or for which another worker was giving one there at the same moment.",
      "Give a shorter prefix, so that there are four times as many as hosts outside that are "
      "talked to within half an hour. Who scans from inside takes many: sluicectl hosts."}},
    {TransportHeader,
     {"The TCP data offset, the UDP length or the UDP-Lite checksum coverage contradicts "
      "the packet, the packet is too short for the header, SCTP chunks are put together as "
      "no sender does, or UDP-Lite carries no checksum.",
      "A broken or hostile sender."}},
    {TransportChecksum,
     {"The TCP, UDP, UDP-Lite, SCTP or ICMP checksum is wrong.",
      "As ip_checksum. On an af_xdp: port whose peer is on the same machine, switch the "
      "sender's offload off (ethtool -K IF tx off). --verify-checksum never lets such packets "
      "pass; their receivers will drop them."}},
    {IcmpType,
     {"ICMP that is neither a query with an identifier (echo, timestamp, information, "
      "address mask), nor its answer, nor an error.",
      "Normal in small numbers: router advertisements and the like."}},
    {IcmpRedirect,
     {"An ICMP redirect. It is meant for the link that it came by, and shows addresses of "
      "that link.",
      "Correct the routes of whom the redirects are for."}},
    {IcmpErrorQuote,
     {"An ICMP error that quotes no IPv4 packet, fewer than 8 bytes behind its header (of "
      "protocols that ports, or identifiers, tell apart), a later fragment, or another "
      "error.",
      "Normal in small numbers; a broken router, or a probe."}},
    {FragmentInvalid,
     {"Offset and length are no datagram's: empty, beyond 65 535 bytes, or not the last and "
      "no multiple of 8 bytes long.",
      "A broken or hostile sender."}},
    {FragmentHeader,
     {"The first fragment is too short for the transport header, ports and flags included.",
      "An attack on packet filters (RFC 1858), or a link with an MTU that IPv4 forbids."}},
    {FragmentUnsupported,
     {"Part of an ICMP error, which no host needs to fragment, or of SCTP, whose checksum "
      "would take the whole to be written anew.",
      "SCTP fragments by itself: lower its path MTU. Else a broken or hostile sender."}},
    {FragmentOverlap,
     {"It overlaps another fragment of its datagram without being the same, or lies behind "
      "its end; all that waits of the datagram and all that still comes is dropped.",
      "An attack (teardrop and others), or a host that reuses identifications too soon."}},
    {FragmentDuplicate, {"The same fragment waits already.", "The network sends twice; harmless."}},
    {FragmentPieces,
     {"The datagram comes in more than 128 pieces.",
      "A broken or hostile sender: links of 576 bytes make 119 of the largest datagram."}},
    {FragmentRefused,
     {"The first fragment of its datagram was dropped, for the reason that is counted with "
      "it.",
      "Look at the other reasons."}},
    {FragmentTimeout,
     {"The first fragment of its datagram did not come within --fragment-timeout.",
      "Losses on the way to sluice: path MTU discovery, or a smaller MTU at the sender, "
      "does without fragments."}},
    {FragmentBudget,
     {"It gave way to newer ones, for --fragment-datagrams or --fragment-bytes was reached.",
      "Much reordering: raise them. A flood of fragments: look for its source."}},
    {ForeignSource,
     {"Arrived on the inside port with a source that no rule serves: neither in --inside "
      "nor --snat nor --no-nat.",
      "A missing --inside prefix, or a host with a wrong or forged address."}},
    {StrictSource,
     {"From inside, with --strict-source, and nothing proves its source: the host that has "
      "the address has not answered ARP (it is asked, and its next packet passes), has "
      "another MAC, or is routed by another interface.",
      "One for each host that comes is normal. Many from one MAC: it forges sources. "
      "Routers that send by another way than they are reached by need --strict-source 0."}},
    {NoRule,
     {"From an inside host that rules serve toward some destinations, protocols or ports, "
      "and this is none of them.",
      "A --snat or --no-nat of the host's network without to, if it is to reach the others."}},
    {Denied,
     {"From inside, and a --deny names it.",
      "Nothing, if the rule is meant so; sluicectl rules tells which it was. Else narrow "
      "it."}},
    {InsideDestination,
     {"From inside to inside, and there is no --inside-routing, or the destination is of "
      "another zone: it needs no translation and is not this gateway's to forward.",
      "--inside-routing lets inside networks of one zone reach one another; between zones "
      "give the host a public address (--forward). Else let the inside router forward it; "
      "look at the sender's netmask or routes."}},
    {OutsideToInside,
     {"Arrived outside, addressed straight to an inside address.",
      "Someone outside routes your private range to the gateway: a probe, or a missing "
      "filter upstream."}},
    {OutsideSpoof,
     {"Arrived outside with a source that is an inside address or one of a pool; with --cluster, "
      "not one that another gateway has.",
      "Forged, or a loop: a router outside sends the gateway's own packets back."}},
    {NotOurs,
     {"Arrived outside for an address that is neither the gateway's nor a pool's, nor of a "
      "--no-nat host.",
      "A router outside sends too wide a prefix here: correct its route, or add the "
      "addresses to a pool."}},
    {ToGateway,
     {"For the gateway's own address, which answers nothing but ping; or, with a twin of "
      "the other interface alone, by one that has none.",
      "Normal: scans. To manage the machine, use another port of it, or give it a twin "
      "(--wan-twin)."}},
    {Hairpin,
     {"From inside to a public endpoint that no inside host holds.",
      "The peer has ended its flow, or the endpoint wants a --forward."}},
    {NoRoute, {"No route leads to the destination.", "Add a --route, or look at --gateway."}},
    {NoRealm,
     {"Where --lan and --wan are one port: its source is no host that a rule serves, and "
      "its destination no public address, so it is neither from inside nor from outside.",
      "A missing --inside prefix, or a router that sends too much here."}},
    {NoMapping,
     {"Arrived outside, no flow asks for it, and no inside host holds the endpoint it is "
      "for.",
      "Normal: scans, and late packets of flows that have ended. Many from one service: its "
      "flows end too early, raise their timeout."}},
    {Filtered,
     {"For a mapped endpoint of an inside host (mapping=endpoint-independent), whose filter "
      "does not let this sender in; or for a --forward whose from does not name it.",
      "Normal: scans. If the service behind it is to be open, filtering=address-dependent "
      "or endpoint-independent in its --snat rule, or another line of the forward with the "
      "sender's network."}},
    {IcmpErrorUnknown,
     {"An ICMP error about a packet of no flow.",
      "Normal: late errors of flows that have ended, and answers to packets that others "
      "send in the gateway's name."}},
    {IcmpErrorMismatch,
     {"An ICMP error that is sent to another address than the packet in question came from, "
      "or comes from the wrong side.",
      "Forged, or a broken router."}},
    {IcmpErrorMtu,
     {"An ICMP error from outside says that packets of a flow must be smaller than "
      "--least-pmtu allows.",
      "Hardly a path has so small an MTU: somebody forges errors to make hosts send tiny "
      "packets. Is there a path that does, lower --least-pmtu."}},
    {IcmpErrorNumber,
     {"With --tcp-strict, an ICMP error quotes a TCP segment that its sender has not sent, "
      "or that has been acknowledged.",
      "A late error; many of them: somebody who does not see the connections forges errors "
      "about them (RFC 5927)."}},
    {InvalidFlags,
     {"TCP flags that no sound sender combines: none at all, SYN with FIN, FIN without ACK.",
      "A port scan (nmap -sN, -sF, -sX), or damaged packets."}},
    {InvalidUntrackedFin,
     {"A FIN from inside without a flow.",
      "A client closes a connection that the gateway no longer knows: it was idle beyond "
      "its timeout, or sluice was restarted. Raise --timeout-tcp-established if it was "
      "idle."}},
    {InvalidUntrackedRst,
     {"A RST from inside without a flow.",
      "As invalid_untracked_fin; a host also resets late packets of a connection that it "
      "has closed."}},
    {InvalidUntrackedSynAck,
     {"A SYN/ACK from inside without a flow: the SYN did not come through here.",
      "Asymmetric routing, or a service inside that is reached by another way: bring both "
      "directions through one gateway."}},
    {InvalidUntrackedAck,
     {"An ACK from inside without a flow, and --tcp-loose 0 forbids to pick it up.",
      "Connections older than the gateway's start. --tcp-loose 1 (the default) takes them "
      "over."}},
    {InvalidUntrackedIcmp,
     {"An answer to an ICMP query, from inside, without the query, or a query or an answer "
      "in the wrong direction of its flow.",
      "Asymmetric routing, or the request's flow has timed out (--timeout-icmp)."}},
    {InvalidUntrackedSctp,
     {"SCTP from inside without a flow, and no INIT.",
      "An association that is older than the gateway, was idle beyond "
      "--timeout-sctp-established, or has another path (multihoming): shorten the ends' "
      "heartbeat interval; they set the association up anew."}},
    {InvalidSctpTag,
     {"SCTP whose verification tag the receiver has not asked for, or an INIT that has one.",
      "Late packets of an earlier association; many are forged."}},
    {InvalidTransition,
     {"The flow's TCP state allows no such segment.",
      "Rare ones are segments that overtook each other. Many on one flow: another host "
      "reuses its address, or someone injects segments."}},
    {InvalidWindowAbove,
     {"TCP data beyond the window that the receiver has offered, by more than a window.",
      "One end may have changed its window out of our sight: bring both directions through "
      "one gateway. Else someone injects segments. --tcp-be-liberal 1 lets them pass."}},
    {InvalidAckUnsent,
     {"A TCP segment acknowledges data that the other end has not sent through here.",
      "As invalid_window_above."}},
    {InvalidRst,
     {"A RST with a sequence number before the receiver's last ACK.",
      "Late packets of an older connection make single ones; many are an attack by forged "
      "RSTs. --tcp-ignore-invalid-rst 1 lets them pass."}},
    {RstChallenged,
     {"With --tcp-strict, a RST whose sequence number is not the one that is due. Its "
      "sender is asked back by an ACK in its receiver's name (tcp_challenges), whose answer "
      "ends the connection.",
      "Single ones are of ends that have lost packets of each other. Many are an attack: "
      "somebody who does not see the connections sends RSTs to all numbers (RFC 5961)."}},
    {HelperPart,
     {"A TCP segment with the first part of a line of FTP that --helper ftp rewrites, or "
      "what follows such a part: the line has to come in one segment.",
      "The sender sends it again, in one. Many of one client: it types its commands by "
      "hand, or ends none; after six all goes as it comes (helper_passed)."}},
    {TableFull,
     {"--flows flows are open, and none near this one's place may go for it: those that are "
      "not ASSURED may, and mappings by which no flow goes (early_dropped counts them): "
      "first unanswered ones of a host that has many of them, then those of hosts that "
      "nobody has answered, by age. While they go faster than their memory comes back, new "
      "flows of these two are dropped.",
      "Raise --flows; if early_dropped is high too, look for a scan or a flood from inside."}},
    {HostFlows,
     {"The inside host has as many flows as --max-flows-per-host allows.",
      "Many from one host: is it infected, or does it serve others (a proxy, a NAT behind "
      "this one)? Then raise the limit."}},
    {HostRate,
     {"The inside host has opened as many flows in this second as "
      "--max-new-flows-per-second-per-host allows.",
      "As host_flows."}},
    {OutsideFlows,
     {"Outside hosts have as many flows open as --max-flows-from-outside allows, and none "
      "of those near this one's place may go for it: those that are not ASSURED may.",
      "A flood at a forward: sluicectl flows shows by which; give it max-flows= and rate=, "
      "or let in some sources only (from PREFIX). Many real clients: raise the limit."}},
    {ForwardFlows,
     {"As many flows are open by this forward, or to this pair, as its max-flows= allows, "
      "and none near this one's place may go for it.",
      "As outside_flows. A small limit in a large table is a hard stop: against floods "
      "rate= and from hold better."}},
    {ForwardRate,
     {"As many flows were opened by this forward, or to this pair, in this second as its "
      "rate= allows.",
      "As outside_flows."}},
    {PrefixFlows,
     {"The hosts of the source's prefix have as many flows as --max-flows-per-prefix "
      "allows, or of an outside source --max-flows-per-outside-prefix, and none near this "
      "one's place may go for it: those that are not ASSURED may.",
      "Many sources of one prefix: are they real, or does one machine forge them? Look at "
      "the switch's table of MACs. A small limit in a large table is a hard stop."}},
    {PortsExhausted,
     {"No external port is free toward this destination: every address of the pool has been "
      "searched; and of those that were drawn at the host's own address none is held by a "
      "flow that nobody has answered, or a mapping by which nobody has been and at most "
      "eight flows go (such a one goes for it, counted as early_dropped), or the host has "
      "more than 256 of these itself.",
      "Add addresses to the pool; sluicectl stats names the full ones."}},
    {HostBlocks,
     {"The inside host's --port-blocks-per-host blocks are used up: every port of theirs is "
      "in use toward this destination, or as many flows hang on each block as it has ports "
      "and none was found free; by --on-exhaustion reject the host is told. Or its block is "
      "being taken back: nobody has answered it, and another host wants one.",
      "As ports_exhausted, of one host: sluicectl hosts shows whether it is a proxy or a "
      "scanner. Larger blocks, or more of them."}},
    {BlocksExhausted,
     {"The inside host needs a block of ports, and no address of its pool has a free one; "
      "by --on-exhaustion reject it is told.",
      "More addresses, smaller blocks (--port-block-size), or fewer for a host. The log "
      "names the addresses."}},
    {PortsUnsearched,
     {"256 ports tried for this packet were taken, and the search goes on with the next "
      "one; or all ports of 256 addresses are, and of a larger pool no more are tried for "
      "one host; and none was found that nobody has answered.",
      "The sender's next try mostly finds a port. Add addresses to the pool."}},
    {AddressesExhausted,
     {"A protocol without ports (GRE, ESP and others) goes by address alone: each public "
      "address serves one inside host toward one destination, and here all are taken; that "
      "at the host's own address not by a host that nobody has ever answered, for two "
      "seconds.",
      "Add addresses to the pool, or let the tunnel use UDP (IPsec NAT traversal, GRE in "
      "UDP). Calls of PPTP are told apart with --helper pptp."}},
    {EndpointTaken,
     {"The inside endpoint talks to this outside endpoint already, by another public "
      "address or port; or it is its own.",
      "Normal when two --forward lead to one inside endpoint and a client uses one source "
      "port for both; it will try another. A host that sends to its own public endpoint "
      "from the port behind it talks to itself."}},
    {NeighbourFailed,
     {"The next hop does not answer ARP; the sender is told so by ICMP (host unreachable).",
      "Is it up, and in the subnet of --lan-address or --wan-address?"}},
    {NeighbourQueueFull,
     {"Too many packets wait for ARP answers; the oldest for that next hop, or for the one "
      "with the most, is dropped.",
      "A burst at the start is normal; else as neighbour_failed."}},
    {NeighbourTableFull,
     {"The next hop has no place among --neighbours: more hosts want one than were made "
      "free in the last tenth of a second, or a quarter of all is taken by hosts that are "
      "asked for and do not answer.",
      "Hosts used longest ago make room (neighbours_evicted), so this is rare. Beside many "
      "neighbour_failed somebody scans a subnet: find who (sluicectl top). Else raise "
      "--neighbours, or route between smaller subnets."}},
    {PuntFull,
     {"The ring to the control core is full, or three quarters of it are, which is all that "
      "packets have that are no ARP.",
      "The control core is starved or flooded: give it a CPU of its own (--control-core), "
      "look for an ARP storm."}},
    {ReleaseFull,
     {"The ring from the control core back to a worker is full.",
      "That worker is overloaded: as handoff_full."}},
    {HandoffFull,
     {"The ring to the worker that owns the flow is full.",
      "That worker is overloaded: more --workers, or a NIC with a queue for each worker."}},
    {HandoffLoop,
     {"Handed to the flow's owner, which by then did not own it.",
      "The flow ended and was opened anew elsewhere while the packet was on its way; rare. "
      "Many are a bug: please report."}},
    {TxFull, {"The port took no more packets.", "The link is saturated."}},
    {Standby,
     {"This gateway stands by: the other one of the pair forwards (--sync).",
      "Normal in small numbers: what reaches every port of a switch. Many: neighbours send "
      "to this machine's MAC. sluicectl role says who is active; one must be."}},
    {NoLease,
     {"With --cluster: etcd has confirmed no write in time, so others may take the "
      "gateway's addresses.",
      "Is etcd there, has it a leader, does this machine reach it? sluicectl cluster shows it."}},
    {NotHeld,
     {"With --cluster: the public address of its flow, or all that a new one could have, "
      "are not this gateway's, and no gateway that has it is known; or another gateway has "
      "sent it here, and has not heard whose it is.",
      "Some whenever addresses move. Many: compare what sluicectl cluster says on each gateway, "
      "and with the routes outside."}},
    {LinkDown,
     {"The port by which it was to leave has no link, or its interface is gone; the sender "
      "is told so by ICMP (host unreachable).",
      "The log says which port and since when; sluicectl stats has lan link and wan link. "
      "Look at the cable, the switch, ip link."}},
    {TwinRate,
     {"For the gateway's own kernel (--lan-twin, --wan-twin), beyond --twin-rate a second "
      "of that interface.",
      "A scan or a flood of the gateway's address; or it serves more than the rate allows: "
      "raise it."}},
    {TwinFull,
     {"For the gateway's own kernel, which did not take it.",
      "Somebody has set the twin down (ip link show), or the kernel is out of memory."}},
    {TwinSource,
     {"The gateway's kernel sent it by a twin, and not from an own address of that "
      "interface, or not from its MAC: so a kernel that forwards (net.ipv4.ip_forward) "
      "sends nothing of others.",
      "Look at the kernel's routes and at who is bridged to the twin. DHCP requests and ARP "
      "probes without an address pass."}},
    {TwinPortTaken,
     {"The gateway's kernel sent it from a port of an address that flows are given too, and "
      "toward this destination an inside host's flow has that port.",
      "A client of the gateway's own tries again from another port, as a rule. Where that "
      "is not enough, give the kernel ports of its own: --twin-ports and "
      "net.ipv4.ip_local_port_range."}},
    {TtlExceeded,
     {"The TTL ran out here; the sender is told so by ICMP.",
      "Normal for traceroute; else look for a routing loop."}},
    {TooBig,
     {"Larger than the MTU of the outgoing port, with \"don't fragment\" set; the sender is "
      "told so, unless the packet is a later fragment.",
      "Normal where MTUs differ: it is how hosts find the path's MTU."}},
    {SplitFailed,
     {"Larger than the MTU of the outgoing port, and there were no buffers for its "
      "fragments.",
      "The gateway is overloaded; make the MTU of both sides the same."}},
    {Shutdown, {"Was waiting when sluice stopped.", "Nothing."}},
};
static_assert(std::size(kRows) == kDropCount);

constexpr bool are_in_order() {
    for (size_t i = 0; i < kDropCount; ++i)
        if (index(kRows[i].reason) != i)
            return false;
    return true;
}
static_assert(are_in_order(), "drop_advice() finds a row by its position");

}  // namespace

const DropAdvice& drop_advice(Drop reason) {
    return kRows[index(reason)].advice;
}

}  // namespace sluice::stats
