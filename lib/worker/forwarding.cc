// SPDX-License-Identifier: BSD-3-Clause
#include "worker/forwarding.h"

#include "conntrack/tcp_state.h"
#include "conntrack/tcp_window.h"
#include "net/gre.h"
#include "net/quote.h"
#include "policy/uplink_choice.h"

#include <rte_icmp.h>
#include <rte_ip.h>
#include <rte_tcp.h>

#include <cstddef>
#include <cstring>

namespace sluice::worker {

using net::Side;
using stats::Drop;

namespace {

/// The packet is at fault, not a lack of resources.
bool is_invalid(Drop reason) {
    return reason >= Drop::InvalidFlags && reason <= Drop::InvalidRst;
}

/// It asks for packets that are smaller than `least`: RFC 1191 §4. An MTU of 0 is that of a router
/// which does not know; there hosts go by how long the quoted packet is said to be (§5, §7.1).
bool says_less(const net::Packet& error, uint16_t least) {
    constexpr uint8_t kUnreachable = 3;
    constexpr uint8_t kTooBig = 4;
    const uint8_t* icmp = error.transport;
    if (icmp[0] != kUnreachable || icmp[1] != kTooBig)
        return false;
    const int mtu = icmp[6] << 8 | icmp[7];
    if (mtu != 0 || least == 0)
        return mtu < least;
    const auto* quoted = reinterpret_cast<const rte_ipv4_hdr*>(icmp + sizeof(rte_icmp_hdr));
    return rte_be_to_cpu_16(quoted->total_length) <= least;
}

/// There is no port or address for a flow.
bool is_exhaustion(Drop reason) {
    return reason == Drop::PortsExhausted || reason == Drop::HostBlocks ||
           reason == Drop::BlocksExhausted || reason == Drop::AddressesExhausted;
}

}  // namespace

std::optional<Drop> refuse_exit(const net::Packet& packet, const link::Exit& exit) {
    if (packet.ip->time_to_live <= 1)
        return Drop::TtlExceeded;
    if (!exit.has_link)
        return Drop::LinkDown;
    const bool may_be_cut =
        (packet.ip->fragment_offset & rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG)) == 0;
    return packet.length <= exit.most(packet.is_fragment) || may_be_cut
               ? std::nullopt
               : std::optional(Drop::TooBig);
}

bool leaves_by_any(const net::Packet& packet, uint16_t least_mtu) {
    return packet.ip->time_to_live > 1 && packet.length <= least_mtu && !packet.is_fragment;
}

bool quotes_what_was_sent(const conntrack::Tuning& tuning, const net::Packet& error,
                          net::Direction direction, const conntrack::TcpTracker& tracker) {
    net::Quote quote;
    net::Tuple quoted;
    if (!tuning.tcp_strict || tuning.tcp_be_liberal || net::read_quote(error, quote, quoted) ||
        quoted.protocol != net::Protocol::Tcp)
        return true;
    Be32 seq;
    std::memcpy(&seq, quote.transport + offsetof(rte_tcp_hdr, sent_seq), sizeof seq);
    return conntrack::may_be_in_flight(tracker.ends, opposite(direction), seq.host());
}

Rejection rejection_of(const policy::Policy& policy, Side from, const net::Packet& packet,
                       const net::Tuple& tuple, Drop reason) {
    if (reason == Drop::RstChallenged)
        return Rejection::Challenge;
    const bool is_exhausted = is_exhaustion(reason) && policy.reject_exhausted;
    const bool is_wrong = is_invalid(reason) && policy.reject_invalid;
    if (from != Side::Inside || (!is_exhausted && !is_wrong))
        return Rejection::None;
    if (tuple.protocol != net::Protocol::Tcp)
        return is_exhausted ? Rejection::Prohibited : Rejection::None;
    return (packet.tcp_flags & conntrack::kRst) != 0 ? Rejection::None : Rejection::Reset;
}

std::optional<Side> Forwarding::side_of(const net::Tuple& tuple, Tick now) const {
    if (const auto side = parts_.admission.side_of(tuple))
        return side;
    // Of a flow that began by rules which are gone.
    if (const flow::FlowRef flow = parts_.table.find(tuple, now))
        return parts_.table.record(flow.index()).sides.enter(flow.direction());
    return std::nullopt;
}

bool Forwarding::may_be_older(Side from, const net::Packet& packet, const net::Tuple& tuple,
                              bool is_kernels, Tick now) const {
    if (parts_.policy->edition == 0 && !parts_.may_inherit)
        return false;
    const flow::FlowRef flow = is_kernels ? parts_.table.find(tuple, now) : flow::FlowRef();
    return !is_kernels ||
           (flow && belongs(parts_.table.record(flow.index()), flow.direction(), from, packet));
}

Target Forwarding::target(const Service& service, const net::Tuple& tuple, Tick now) const {
    const auto [path, rule] = service;
    const bool is_outward = path == Path::Outward;
    if (const auto request = foretold(service, tuple, now))
        return to(*request);
    if (net::is_call(tuple))  // what had foretold it is another worker's since, or has gone
        return {{}, Drop::NoMapping};
    if (path == Path::Within)
        return to(nat::Request::within(tuple));
    if (!is_outward)
        return target_behind(service, tuple, now);
    const link::Leads leads = parts_.egress.routes().leads({tuple.destination, tuple.zone});
    if (leads_within(leads))
        return {nat::Request::within(tuple), {}, leads};
    return target_outside(tuple, rule, leads, now);
}

/// By itself, so that what it returns is made in its place, which is not small.
Target Forwarding::target_outside(const net::Tuple& tuple, const policy::Rule* rule,
                                  const link::Leads& leads, Tick now) const {
    Target target{nat::Request::outward(tuple, rule), {}, leads};
    choose_uplink(target, now);
    return target;
}

/// Of a packet to an endpoint that somebody inside may have. What another gateway of the cluster
/// has is outside.
Target Forwarding::target_behind(const Service& service, const net::Tuple& tuple, Tick now) const {
    const bool is_hairpin = service.path == Path::Hairpin;
    if (is_hairpin && parts_.holdings != nullptr && parts_.holdings->is_lost(tuple.destination)) {
        const link::Leads leads = parts_.egress.routes().leads({tuple.destination, tuple.zone});
        return target_outside(tuple, service.rule, leads, now);
    }
    const auto behind = mappings_.whom(tuple, now);
    if (!behind || !behind->lets_in)
        return {{}, behind ? Drop::Filtered : is_hairpin ? Drop::Hairpin : Drop::NoMapping};
    if (!is_hairpin)
        return to(nat::Request::inward(tuple, *behind));
    Target target = to(nat::Request::hairpin(tuple, *behind, service.rule));
    choose_uplink(target, now);
    return target;
}

/// As a flow that another has foretold, whoever else is behind its destination.
std::optional<nat::Request> Forwarding::foretold(const Service& service, const net::Tuple& tuple,
                                                 Tick now) const {
    const bool may_be = service.path == Path::Outward || service.path == Path::Inward;
    if (!may_be || !expectations_.are_any(now))
        return std::nullopt;
    const Side from = service.path == Path::Inward ? Side::Outside : Side::Inside;
    const auto expectation = expectations_.find(tuple, from, now);
    if (!expectation)
        return std::nullopt;
    nat::Request request = expectations_.request(*expectation, tuple, service.rule);
    const link::Uplinks& uplinks = parts_.policy->routes.uplinks();
    if (from == Side::Inside && uplinks.are_several())
        request.uplink = uplinks.of(*request.public_address);
    return request;
}

Target Forwarding::to(const nat::Request& request) const {
    return {request, {}, parts_.egress.routes().leads(request.target.host())};
}

/// With the uplink that its source is to be of: that of the mapping which its endpoint has, else
/// one of its rule's. Where that mapping's uplink is dead and the rule has another, nothing opens:
/// a mapping that flows hang on would not end.
void Forwarding::choose_of_several(Target& target, Tick now) const {
    const link::Uplinks& uplinks = parts_.policy->routes.uplinks();
    nat::Request& request = target.request;
    const net::Tuple& original = request.original;
    const link::Leads leads = request.keeps_destination()
                                  ? target.leads
                                  : parts_.egress.routes().leads(original.destination);
    const policy::UplinkChoice choice = policy::choose_uplink(
        *parts_.policy, request.rule, original, parts_.egress.living_uplinks(), leads);
    request.uplink = choice.first;
    request.others = choice.others;
    const uint16_t port = original.source_port.host();
    if (request.uplink && request.rule != nullptr &&
        request.rule->independence_of(original.protocol, port) != nullptr)
        if (const auto mapping = mappings_.of(original.protocol, request.source(), now)) {
            const auto own = uplinks.of(mappings_.external_of(*mapping).address);
            const link::UplinkSet living = parts_.egress.living_uplinks();
            if (own && !link::contains(living, *own) && (request.rule->uplinks & living) != 0)
                target.refusal = Drop::NeighbourFailed;
            request.uplink = own;
            request.others = 0;
        }
}

/// Inside by its route alone: no rule serves the destination, and it is on no subnet inside.
bool Forwarding::leads_within(const link::Leads& leads) const {
    const link::Route* route = leads.in_zone;
    return parts_.policy->inside_routing && route != nullptr &&
           parts_.egress.interface(route->interface).realm == link::Realm::Inside;
}

Way Forwarding::way_of(const Target& target) const {
    const nat::Request& request = target.request;
    const Side exit = request.sides.leave(net::Direction::Original);
    net::Tuple leaving = request.original;
    leaving.destination = request.target.address;
    leaving.destination_port = request.target.port;
    leaving.zone = request.target.zone;
    if (const auto path = parts_.egress.find(leaving, exit, target.leads, request.uplink))
        return {path};
    // It is inside, where this packet does not go: not outside, or in another zone.
    const bool is_barred =
        (exit == Side::Outside || request.keeps_source) && parts_.egress.leads_inside(target.leads);
    return {std::nullopt, is_barred ? Drop::InsideDestination : Drop::NoRoute};
}

std::optional<link::Path> Forwarding::path_of(flow::FlowRef flow) const {
    const flow::FlowRecord& record = parts_.table.record(flow.index());
    return parts_.egress.find(record.key(opposite(flow.direction())).reversed(),
                              record.sides.leave(flow.direction()));
}

/// A router between them would have to choose again whom it sends the packet to, and might choose
/// this one; and by another interface it would leave with a MAC that the owner does not know.
std::optional<link::Path> Forwarding::way_to_owner(Be32 public_address, uint16_t zone) const {
    if (parts_.holdings == nullptr || parts_.holdings->has(public_address))
        return std::nullopt;
    const auto owner = parts_.holdings->owner_of(public_address);
    if (!owner)
        return std::nullopt;
    net::Tuple toward;
    toward.destination = *owner;
    toward.zone = zone;
    const auto path = parts_.egress.find(toward, Side::Inside);
    const bool is_neighbour = path && path->via == *owner && path->interface == parts_.first_inside;
    return is_neighbour ? path : std::nullopt;
}

ErrorWay Forwarding::way_of_error(const Origin& from, const net::Packet& error,
                                  const net::Tuple& tuple, Tick now) const {
    const link::Interface& interface = parts_.egress.interface(from.interface);
    if (const auto reason =
            parts_.admission.refuse_error(interface, from.side, Be32{error.ip->src_addr}))
        return {{}, {}, *reason};
    if (from.side == Side::Outside && says_less(error, parts_.policy->strict.least_pmtu))
        return {{}, {}, Drop::IcmpErrorMtu};
    const flow::FlowRef flow = parts_.table.find(tuple, now);
    if (!flow)
        return {{}, {}, Drop::IcmpErrorUnknown};
    // It goes to the host that sent the packet in question, and so comes from where that one went.
    const flow::FlowRecord& record = parts_.table.record(flow.index());
    if (Be32{error.ip->dst_addr} != tuple.destination ||
        from.side != record.sides.enter(flow.direction()))
        return {flow, {}, Drop::IcmpErrorMismatch};
    return {flow, path_of(flow), Drop::NoRoute};
}

}  // namespace sluice::worker
