// SPDX-License-Identifier: BSD-3-Clause
#include "worker/departure.h"

#include "conntrack/tcp_tracker.h"
#include "nat/mss_clamp.h"
#include "nat/translate.h"
#include "worker/forwarding.h"

namespace sluice::worker {

using stats::Drop;

/// After tracking: a reply that cannot go on has been seen here all the same.
void Departure::check(Burst& burst, Tick now) {
    for (unsigned i : SetBits{burst.live & ~burst.fresh}) {
        const net::Packet& packet = burst.packet[i];
        if (leaves_by_any(packet, parts_.egress.least_mtu()))
            continue;
        if (const link::Exit* exit = parts_.paths.exit_of(burst, i))
            parts_.answers.may_leave(burst, i, *exit, now);
        else
            parts_.egress.drop(burst.take(i), Drop::NoRoute);
    }
}

void Departure::translate(Burst& burst) {
    if (parts_.tap.is_on())
        parts_.tap.rewrite(burst.live);
    for (unsigned i : burst.live_packets()) {
        const flow::FlowRef flow = burst.flow[i];
        nat::decrement_ttl(burst.packet[i]);
        nat::translate(parts_.table.record(flow), flow.direction(), burst.packet[i]);
    }
}

void Departure::clamp_mss(Burst& burst) {
    const uint16_t most =
        parts_.policy->clamps_to_mtu
            ? static_cast<uint16_t>(parts_.egress.smallest_mtu() - nat::kTcpIpBytes)
            : parts_.policy->most_mss;
    if (most == 0)
        return;
    for (unsigned i : burst.live_packets())
        if ((burst.packet[i].tcp_flags & conntrack::kSyn) != 0 &&
            nat::clamp_mss(burst.packet[i], most))
            parts_.counters.count[stats::Count::MssClamped].add(1);
}

/// Sends what is not to leave as it came.
void Departure::depart(Burst& burst, Tick now) {
    if (burst.fragments != 0) {
        for (unsigned i : SetBits{burst.live & burst.leads})
            parts_.paths.find(burst, i);
        parts_.fragments.depart(burst, now);
    }
    for (unsigned i : SetBits{burst.live & burst.too_big})
        parts_.paths.send(burst, i);
}

/// What has gone the fast path behind a packet that has not is sent behind it.
void Departure::resolve(Burst& burst) {
    const uint32_t generation = parts_.egress.generation();
    const uint64_t passed = burst.passed & burst.part;
    burst.passed &= ~passed;
    for (unsigned i : SetBits{burst.live | passed}) {
        if ((passed >> i & 1) != 0) {
            parts_.egress.send(burst.mbuf[i], burst.to[i]);
            continue;
        }
        const net::Direction direction = burst.flow[i].direction();
        flow::Hops& hops = parts_.table.record(burst.flow[i]).hops;
        if (hops.generation != generation)
            hops = {{}, generation};
        const link::HopIndex hop = hops.index[index(direction)];
        if (hop != link::kNoHop && parts_.egress.send_to(burst.mbuf[i], hop))
            burst.end(i);
        else
            parts_.paths.send(burst, i);
    }
}

}  // namespace sluice::worker
