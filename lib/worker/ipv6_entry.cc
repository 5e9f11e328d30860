// SPDX-License-Identifier: BSD-3-Clause
#include "worker/ipv6_entry.h"

#include "base/bits.h"
#include "link/tag.h"
#include "net/parse.h"
#include "observe/frame.h"

#include <rte_ether.h>
#include <rte_mbuf.h>

#include <algorithm>
#include <bit>
#include <span>

namespace sluice::worker {

using stats::Count;
using stats::Drop;
using Ipv6Fate = nat64::Entered::Fate;

void Ipv6Entry::take(Burst& burst, Tick now) {
    if (parts_.tap.is_on())
        show(burst);
    const std::span packets = std::span(burst.mbuf).first(burst.count);
    const uint64_t plain = parts_.edge->enter_plain(packets, burst.port, now);
    const link::InterfaceId side = parts_.interfaces.find(burst.port, link::kIpv6Side);
    if (plain != 0)
        parts_.counters.interfaces[side].in.add(
            {0, static_cast<uint64_t>(std::popcount(plain)) * nat64::kLonger});
    const uint64_t others = low_bits(burst.count) & ~plain;
    if (!parts_.tap.is_on() && parts_.edge->passing(packets, others) == others) {  // mostly
        if (others == 0)
            std::fill_n(burst.from.begin(), burst.count, side);
        else
            for (const unsigned i : SetBits{plain})
                burst.from[i] = side;
        burst.placed = plain;
        return;
    }
    unsigned kept = 0;
    for (at_ = 0; at_ < burst.count; ++at_) {
        rte_mbuf* mbuf = burst.mbuf[at_];
        const Stay stay = (plain >> at_ & 1) != 0 ? Stay::Translated : stays(mbuf, burst.port, now);
        if (stay == Stay::No)
            continue;
        if (stay == Stay::Translated) {
            burst.from[kept] = side;
            burst.placed |= uint64_t{1} << kept;
            if (parts_.tap.is_on())
                parts_.tap.carry(at_, kept);
        }
        burst.mbuf[kept++] = mbuf;
    }
    burst.count = kept;
    if (parts_.tap.is_on())
        parts_.egress.flush();  // who leaves is told of while these are in hand
}

/// What the edge makes of a frame it makes in its place, so the beginning of each is kept.
void Ipv6Entry::show(const Burst& burst) {
    const link::InterfaceId from = parts_.interfaces.find(burst.port, link::kIpv6Side);
    const bool is_outside =
        from != link::kNoInterface && parts_.interfaces[from].realm == link::Realm::Outside;
    came_ = {};
    std::copy_n(burst.mbuf.begin(), burst.count, came_.begin());
    side_.fill(is_outside ? net::Side::Outside : net::Side::Inside);
    for (unsigned i = 0; i < burst.count; ++i) {
        const bool is_ipv6 = net::ether_type(came_[i]) == RTE_ETHER_TYPE_IPV6;
        from_[i] = is_ipv6 ? from : observe::kNowhere;
    }
    parts_.tap.take_up({came_.data(), from_.data(), side_.data(), burst.flow.data(), burst.count});
    for (unsigned i = 0; i < burst.count; ++i)
        if (from_[i] != observe::kNowhere)
            parts_.tap.keep(i);
}

/// An answer to a neighbour is told of as little as one to ARP.
void Ipv6Entry::tell(const rte_mbuf* mbuf, const nat64::Entered& entered) {
    if (!entered.is_ipv6)
        return;
    if (entered.fate != Ipv6Fate::Answers)
        return parts_.tap.rewrite(uint64_t{1} << at_);
    const auto seen =
        observe::read_ipv6({rte_pktmbuf_mtod(mbuf, const uint8_t*), rte_pktmbuf_data_len(mbuf)});
    if (seen && !seen->is_discovery)
        parts_.tap.answer(at_);
}

Ipv6Entry::Stay Ipv6Entry::stays(rte_mbuf* mbuf, link::PortIndex port, Tick now) {
    if (rte_pktmbuf_data_len(mbuf) < sizeof(rte_ether_hdr))
        return Stay::AsItIs;
    const uint64_t bytes = rte_pktmbuf_pkt_len(mbuf);
    nat64::Entered entered = parts_.edge->enter(mbuf, port, now);
    // No frame has this tag by right, and none passes for one that was translated here.
    if (entered.fate == Ipv6Fate::Passes && link::without_tag(mbuf).vlan == link::kIpv6Side)
        entered = {Ipv6Fate::Dropped, Drop::UnknownVlan};
    if (entered.fate == Ipv6Fate::Passes)
        return Stay::AsItIs;
    if (entered.fate == Ipv6Fate::Translated) {
        // It was of priority alone, if it was there, and nobody takes it off any more.
        mbuf->ol_flags &= ~(RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED);
        of_side(port).in.add({0, bytes - rte_pktmbuf_pkt_len(mbuf)});
        return Stay::Translated;
    }
    if (entered.is_ipv6)
        of_side(port).in.add({1, bytes});
    else
        count_in(mbuf, port);
    end(mbuf, port, entered, now);
    return Stay::No;
}

/// Of a frame that is no IPv6.
void Ipv6Entry::count_in(const rte_mbuf* mbuf, link::PortIndex port) {
    const link::Bare bare = link::without_tag(mbuf);
    const link::InterfaceId tagged = parts_.interfaces.find(port, bare.vlan);
    const link::InterfaceId by =
        tagged == link::kNoInterface ? parts_.interfaces.find(port, link::kUntagged) : tagged;
    if (by != link::kNoInterface)
        parts_.counters.interfaces[by].in.add({1, bare.bytes});
}

void Ipv6Entry::end(rte_mbuf* mbuf, link::PortIndex port, const nat64::Entered& entered, Tick now) {
    if (parts_.tap.is_on())
        tell(mbuf, entered);
    if (entered.fate == Ipv6Fate::Crosses)
        return parts_.crossing.pass_on(mbuf, now);
    if (entered.fate == Ipv6Fate::Dropped && entered.is_ipv6)
        return parts_.crossing.refuse(mbuf, entered.reason, now);
    if (entered.fate == Ipv6Fate::Dropped)
        return parts_.egress.drop(mbuf, entered.reason);
    parts_.counters.count[Count::Consumed].add(1);
    parts_.counters.count[Count::Originated].add(1);
    // It is IPv6 already, and is counted as what it is when it leaves.
    parts_.egress.send(mbuf, parts_.interfaces.find(port, link::kUntagged));
}

}  // namespace sluice::worker
