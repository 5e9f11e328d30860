// SPDX-License-Identifier: BSD-3-Clause
#include "worker/ipv6_entry.h"

#include "link/tag.h"

#include <rte_ether.h>
#include <rte_mbuf.h>

#include <bit>
#include <span>

namespace sluice::worker {

using stats::Count;
using stats::Drop;
using Ipv6Fate = nat64::Entered::Fate;

void Ipv6Entry::take(Burst& burst, Tick now) {
    const uint64_t plain =
        edge_->enter_plain(std::span(burst.mbuf).first(burst.count), burst.port, now);
    const link::InterfaceId side = interfaces_.find(burst.port, link::kIpv6Side);
    if (plain != 0)
        counters_.interfaces[side].in.add(
            {0, static_cast<uint64_t>(std::popcount(plain)) * nat64::kLonger});
    unsigned kept = 0;
    for (unsigned i = 0; i < burst.count; ++i) {
        rte_mbuf* mbuf = burst.mbuf[i];
        const Stay stay = (plain >> i & 1) != 0 ? Stay::Translated : stays(mbuf, burst.port, now);
        if (stay == Stay::No)
            continue;
        if (stay == Stay::Translated) {
            burst.from[kept] = side;
            burst.placed |= uint64_t{1} << kept;
        }
        burst.mbuf[kept++] = mbuf;
    }
    burst.count = kept;
}

Ipv6Entry::Stay Ipv6Entry::stays(rte_mbuf* mbuf, link::PortIndex port, Tick now) {
    if (rte_pktmbuf_data_len(mbuf) < sizeof(rte_ether_hdr))
        return Stay::AsItIs;
    const uint64_t bytes = rte_pktmbuf_pkt_len(mbuf);
    nat64::Entered entered = edge_->enter(mbuf, port, now);
    // No frame has this tag by right, and none passes for one that was translated here.
    if (entered.fate == Ipv6Fate::Passes && link::without_tag(mbuf).vlan == link::kIpv6Side)
        entered = {Ipv6Fate::Dropped, Drop::UnknownVlan};
    if (entered.fate == Ipv6Fate::Passes)
        return Stay::AsItIs;
    if (entered.fate == Ipv6Fate::Translated) {
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
    const link::InterfaceId tagged = interfaces_.find(port, bare.vlan);
    const link::InterfaceId by =
        tagged == link::kNoInterface ? interfaces_.find(port, link::kUntagged) : tagged;
    if (by != link::kNoInterface)
        counters_.interfaces[by].in.add({1, bare.bytes});
}

void Ipv6Entry::end(rte_mbuf* mbuf, link::PortIndex port, const nat64::Entered& entered, Tick now) {
    if (entered.fate == Ipv6Fate::Crosses)
        return crossing_.pass_on(mbuf, now);
    if (entered.fate == Ipv6Fate::Dropped && entered.is_ipv6)
        return crossing_.refuse(mbuf, entered.reason, now);
    if (entered.fate == Ipv6Fate::Dropped)
        return egress_.drop(mbuf, entered.reason);
    counters_.count[Count::Consumed].add(1);
    counters_.count[Count::Originated].add(1);
    // It is IPv6 already, and is counted as what it is when it leaves.
    egress_.send(mbuf, interfaces_.find(port, link::kUntagged));
}

}  // namespace sluice::worker
