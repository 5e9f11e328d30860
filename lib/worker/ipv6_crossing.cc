// SPDX-License-Identifier: BSD-3-Clause
#include "worker/ipv6_crossing.h"

#include "link/note.h"
#include "link/path.h"

#include <rte_mbuf.h>

namespace sluice::worker {

using net::Side;
using stats::Count;
using stats::Drop;

std::optional<CrossingRefusal> refuse_crossing(const nat64::Way& way, const link::Exit& exit) {
    if (way.headers.hop_limit == 1)
        return CrossingRefusal{Drop::TtlExceeded, nat64::kHopLimitExceeded};
    if (!exit.has_link)
        return CrossingRefusal{Drop::LinkDown, nat64::kAddressUnreachable};
    if (way.bytes() > ipv6_mtu(exit))
        return CrossingRefusal{Drop::TooBig, nat64::packet_too_big(ipv6_mtu(exit))};
    return std::nullopt;
}

std::optional<nat64::Icmpv6Error> error_about(Drop reason) {
    if (reason == Drop::Ipv6Unmapped || reason == Drop::NoRoute || reason == Drop::Ipv6Destination)
        return nat64::kNoRouteThere;
    return std::nullopt;
}

void Ipv6Crossing::pass_on(rte_mbuf* mbuf, Tick now) {
    const nat64::Way& way = parts_.edge->way();
    const link::InterfaceId to = parts_.interfaces.find(parts_.edge->port(way.to), link::kIpv6Side);
    if (const auto refusal = refuse_crossing(way, parts_.egress.exit(to)))
        return refuse(mbuf, refusal->reason, refusal->error, now);
    if (const auto reason = parts_.edge->cross(mbuf))
        return parts_.egress.drop(mbuf, *reason);
    link::Path path{.via = way.via, .interface = to};
    parts_.egress.send(mbuf, path);
}

void Ipv6Crossing::refuse(rte_mbuf* mbuf, Drop reason, Tick now) {
    if (const auto error = worker::error_about(reason))
        return refuse(mbuf, reason, *error, now);
    parts_.egress.drop(mbuf, reason);
}

void Ipv6Crossing::refuse(rte_mbuf* mbuf, Drop reason, const nat64::Icmpv6Error& error, Tick now) {
    const nat64::Way& way = parts_.edge->way();
    if (nat64::may_answer_with_error(mbuf, way.headers)) {
        if (rte_mbuf* answer = error_about(mbuf, error, now)) {
            parts_.counters.count[Count::Originated].add(1);
            parts_.counters.count[Count::IcmpErrors].add(1);
            // It is IPv6, and is counted as what it is when it leaves.
            parts_.egress.send(
                answer, parts_.interfaces.find(parts_.edge->port(way.from), link::kUntagged));
        } else {
            parts_.counters.count[Count::IcmpSuppressed].add(1);
        }
    }
    parts_.egress.drop(mbuf, reason);
}

void Ipv6Crossing::tell_unreachable(rte_mbuf* mbuf, Tick now) {
    const Side to = parts_.egress.interface(link::note_of(mbuf).to).realm == link::Realm::Inside
                        ? Side::Inside
                        : Side::Outside;
    if (parts_.edge == nullptr || !parts_.edge->restore(mbuf, to, now))
        return;
    const nat64::Way& way = parts_.edge->way();
    if (!nat64::may_answer_with_error(mbuf, way.headers))
        return;
    rte_mbuf* answer = error_about(mbuf, nat64::kAddressUnreachable, now);
    if (answer == nullptr) {
        parts_.counters.count[Count::IcmpSuppressed].add(1);
        return;
    }
    parts_.counters.count[Count::Originated].add(1);
    parts_.counters.count[Count::IcmpErrors].add(1);
    link::Path path{
        .via = way.via,
        .interface = parts_.interfaces.find(parts_.edge->port(way.from), link::kIpv6Side)};
    parts_.egress.send(answer, path);
}

/// Null where a budget or the pool has none to give.
rte_mbuf* Ipv6Crossing::error_about(const rte_mbuf* mbuf, const nat64::Icmpv6Error& error,
                                    Tick now) {
    const nat64::Way& way = parts_.edge->way();
    const auto kind = error.rest != 0 ? answer::Kind::TooBig : answer::Kind::Error;
    const answer::Receiver6 to{way.from, way.headers.source};
    if (!parts_.budgets.allow(parts_.policy->rates, kind, to, now))
        return nullptr;
    rte_mbuf* answer = rte_pktmbuf_alloc(parts_.packets);
    if (answer == nullptr)
        return nullptr;
    if (nat64::write_icmpv6_error(answer, error, parts_.edge->own(way.from), mbuf, way.headers))
        return answer;
    rte_pktmbuf_free(answer);
    return nullptr;
}

}  // namespace sluice::worker
