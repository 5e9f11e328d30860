// SPDX-License-Identifier: BSD-3-Clause
#include "why/ipv6_look.h"

#include "nat64/edge.h"
#include "nat64/kept.h"
#include "nat64/transport.h"
#include "net/parse.h"
#include "why/answer_text.h"
#include "why/exit_answer.h"
#include "why/frame.h"
#include "why/sender_hears.h"
#include "worker/ipv6_crossing.h"

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>

#include <algorithm>
#include <span>
#include <vector>

namespace sluice::why {

using net::Side;
using EdgeFate = nat64::Entered::Fate;

namespace {

/// In front of what becomes IPv6: for two headers that are longer, those of an error and its quote,
/// and for those of fragments.
constexpr uint16_t kHeadroom = 64;

void fail(Answer& answer, stats::Drop reason) {
    answer.fate = Fate::Dropped;
    answer.reason = reason;
}

/// With an error about it, where there may be one.
void fail_with_error(Answer& answer, stats::Drop reason, bool may_be_told) {
    fail(answer, reason);
    if (may_be_told)
        answer.sender_hears = hears_error(reason);
}

std::span<const uint8_t> bytes_of(const rte_mbuf* mbuf) {
    return {rte_pktmbuf_mtod(mbuf, const uint8_t*), rte_pktmbuf_data_len(mbuf)};
}

std::optional<nat64::PrefixPair> copy_of(const nat64::PrefixPair* pair) {
    return pair == nullptr ? std::nullopt : std::optional(*pair);
}

}  // namespace

std::optional<link::InterfaceId> Ipv6Look::enter(const Question& question, rte_mbuf* mbuf,
                                                 Answer& answer) const {
    if (!shared_.ipv6)
        return question.from;
    if (net::ether_type(mbuf) != RTE_ETHER_TYPE_IPV6)
        return question.has_number ? question.from : pass(question, mbuf, answer);
    if (question.side == Side::Outside && !shared_.ipv6->outside)
        return question.from;  // nobody looks for IPv6 there
    nat64::Edge edge(*shared_.ipv6, *shared_.numbers, 0, nat64::Giving::Asks);
    const auto packet = read_ipv6(bytes_of(mbuf));
    const link::PortIndex port = port_of(question, edge, packet);
    const link::InterfaceId from = shared_.interfaces.find(port, link::kIpv6Side);
    if (from == link::kNoInterface)
        return question.from;
    Arrival& arrival = answer.arrival;
    arrival.ipv6 = packet;
    arrival.from = from;
    arrival.has_side = true;
    arrival.side = port == edge.port(Side::Inside) ? Side::Inside : Side::Outside;
    // Its MACs tell nothing.
    std::ranges::copy(shared_.interfaces[from].mac, rte_pktmbuf_mtod(mbuf, uint8_t*));
    const nat64::Entered entered = edge.enter(mbuf, port, now_);
    const bool is_mapped = edge.way().is_mapped_outward || edge.way().is_mapped_inward;
    if (is_mapped || entered.fate == EdgeFate::Crosses)
        answer.crossed = crossed(edge);
    if (entered.fate == EdgeFate::Translated && net::ether_type(mbuf) == RTE_ETHER_TYPE_IPV4)
        return from;
    if (entered.fate == EdgeFate::Dropped)
        fail_with_error(answer, entered.reason,
                        entered.is_ipv6 && worker::error_about(entered.reason) &&
                            nat64::may_answer_with_error(mbuf, edge.way().headers));
    else if (entered.fate == EdgeFate::Crosses)
        cross(edge, mbuf, answer);
    else
        answer.fate = packet && is_discovery(*packet) ? Fate::Discovery : Fate::Answered;
    return std::nullopt;
}

/// What is no IPv6 goes on as it is, unless it has the number of an IPv6 host.
std::optional<link::InterfaceId> Ipv6Look::pass(const Question& question, rte_mbuf* mbuf,
                                                Answer& answer) const {
    nat64::Edge edge(*shared_.ipv6, *shared_.numbers, 0, nat64::Giving::Asks);
    const nat64::Entered entered = edge.enter(mbuf, edge.port(Side::Inside), now_);
    if (entered.fate != EdgeFate::Dropped)
        return question.from;
    net::Packet packet;
    net::Tuple tuple;
    if (!net::parse(mbuf, packet, tuple))
        describe(packet, tuple, answer.arrival);
    answer.arrival.from = question.from;
    fail(answer, entered.reason);
    return std::nullopt;
}

/// That of the interface which is given; else the one behind which its source is, if it may be
/// there.
link::PortIndex Ipv6Look::port_of(const Question& question, const nat64::Edge& edge,
                                  const std::optional<Ipv6Packet>& packet) const {
    if (question.from != link::kNoInterface)
        return shared_.interfaces[question.from].port;
    const bool is_inside = question.side ? *question.side == Side::Inside
                                         : !packet || packet->headers.source.is_link_local() ||
                                               edge.addresses().is_inside(packet->headers.source);
    return edge.port(is_inside || !shared_.ipv6->outside ? Side::Inside : Side::Outside);
}

Crossed Ipv6Look::crossed(const nat64::Edge& edge) const {
    const nat64::Way& way = edge.way();
    const nat64::Nptv6 pairs(shared_.ipv6->outside->crossing.pairs);
    Crossed crossed{.way = way};
    if (way.is_mapped_outward)
        crossed.outward = copy_of(pairs.of_inside(way.headers.source));
    if (way.is_mapped_inward)
        crossed.inward = copy_of(pairs.of_outside(way.headers.destination));
    return crossed;
}

/// A router's address is known by its number; a host on the subnet is its own next hop.
net::Ipv6Address Ipv6Look::next_hop(const nat64::Edge& edge) const {
    const nat64::Way& way = edge.way();
    return edge.addresses().to_ipv6(way.via).value_or(way.destination);
}

/// Ipv6Crossing::pass_on() and Egress::send().
void Ipv6Look::cross(const nat64::Edge& edge, rte_mbuf* mbuf, Answer& answer) const {
    const nat64::Way& way = edge.way();
    const link::InterfaceId to = shared_.interfaces.find(edge.port(way.to), link::kIpv6Side);
    const link::Exit& exit = egress_.exit(to);
    answer.crossed->next_hop = next_hop(edge);
    answer.crossed->is_unheard = way.from == Side::Outside && way.to == Side::Inside &&
                                 answer.crossed->next_hop == way.destination &&
                                 !edge.addresses().host(way.destination);
    answer.exit =
        exit_answer(shared_, exit,
                    {.via = way.via, .interface = to, .hop = shared_.next_hops.find(to, way.via)});
    const bool may_be_told = nat64::may_answer_with_error(mbuf, way.headers);
    if (const auto refusal = worker::refuse_crossing(way, exit))
        return fail_with_error(answer, refusal->reason, may_be_told);
    if (const auto reason = edge.cross(mbuf))
        return fail(answer, *reason);
    if (answer.exit->has_failed)
        return fail_with_error(answer, stats::Drop::NeighbourFailed, may_be_told);
    answer.fate = answer.exit->has_mac ? Fate::Leaves : Fate::Waits;
}

/// Edge::leave(), of a copy that has its addresses. What leaves as it came has words in IPv6.
std::optional<stats::Drop> Ipv6Look::refuse_to_leave(rte_mbuf* mbuf, const Answer& answer,
                                                     nat64::ZeroChecksum zero) const {
    const link::Interface& to = shared_.interfaces[answer.exit->path.interface];
    if (!shared_.ipv6 || to.vlan != link::kIpv6Side || keeps_ipv6_ends(answer))
        return std::nullopt;
    const auto bytes = bytes_of(mbuf);
    std::vector<uint8_t> room(kHeadroom);
    room.insert(room.end(), bytes.begin(), bytes.end());
    const Frame frame(room);
    rte_mbuf* const copy = frame.mbuf();
    rte_pktmbuf_adj(copy, kHeadroom);
    nat64::kept_of(copy) = nat64::kept_of(mbuf);
    auto& ip = *rte_pktmbuf_mtod_offset(copy, rte_ipv4_hdr*, sizeof(rte_ether_hdr));
    ip.src_addr = answer.after.source.raw;
    ip.dst_addr = answer.after.destination.raw;
    if (answer.is_cut && ip.next_proto_id == nat64::kIcmp)  // then it leaves in parts
        ip.fragment_offset |= Be16::from_host(RTE_IPV4_HDR_MF_FLAG).raw;
    nat64::Edge edge(*shared_.ipv6, *shared_.numbers, 0, nat64::Giving::Asks);
    edge.begin_turn(zero, false);
    return edge.leave(copy, to.port);
}

}  // namespace sluice::why
