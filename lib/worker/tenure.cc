// SPDX-License-Identifier: BSD-3-Clause
#include "worker/tenure.h"

#include "flow/publics.h"
#include "net/parse.h"

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>

#include <chrono>

namespace sluice::worker {

using stats::Drop;

namespace {

/// The public addresses by which it goes; what inside hosts have is nobody else's.
bool may_use(const flow::FlowRecord& record, const pool::Holdings& holdings) {
    return flow::all_publics(record.tuple, record.sides,
                             [&](Be32 address) { return holdings.has(address); });
}

}  // namespace

/// By the clock that leases are counted by: a Tick begins anew after 49 days, and so would a lease
/// that is over.
void Tenure::look() {
    has_lease_ = holdings_->may_use(std::chrono::steady_clock::now().time_since_epoch());
    is_settled_ = holdings_->is_settled();
}

/// The tuple of an error is that of what it quotes, turned round: its flow's.
void Tenure::give_up_others(Burst& burst, const flow::FlowTable& table, Owners& owners,
                            link::Egress& egress, Tick now) {
    for (unsigned i : burst.live_packets()) {
        flow::FlowRef flow;
        if ((burst.errors >> i & 1) != 0)
            flow = table.find(burst.tuple[i], now);
        else if ((burst.misses >> i & 1) == 0)
            flow = burst.flow[i];
        if (!flow || may_use(table.record(flow.index()), *holdings_))
            continue;
        const Be32 seen_as = table.record(flow.index()).key(opposite(flow.direction())).destination;
        const bool is_owners = burst.side[i] == net::Side::Inside && !holdings_->has(seen_as);
        if (!is_owners || !owners.take(burst, i, seen_as, now))
            egress.drop(burst.take(i), Drop::NotHeld);
    }
}

/// Into the inside comes what an outside host has sent, who may have an address of others.
std::optional<Drop> Tenure::refuse_to_send(const rte_mbuf* packet, link::Realm to) const {
    if (!has_lease_)
        return Drop::NoLease;
    if (holdings_ == nullptr || to == link::Realm::Inside ||
        net::ether_type(packet) != RTE_ETHER_TYPE_IPV4)
        return std::nullopt;
    const auto* ip = rte_pktmbuf_mtod_offset(packet, const rte_ipv4_hdr*, sizeof(rte_ether_hdr));
    return holdings_->has(Be32{ip->src_addr}) ? std::nullopt : std::optional(Drop::NotHeld);
}

}  // namespace sluice::worker
