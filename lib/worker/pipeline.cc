// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// The worker's hot path. One pass of forward() takes one burst from NIC to NIC.

#include "worker/worker.h"

#include <rte_cycles.h>
#include <rte_mbuf.h>
#include <rte_prefetch.h>

namespace sluice::worker {

/// What a packet goes through, in order.
const std::array<Worker::Stage, 13> Worker::kStages{{
    // mbuf: plain, of a standing flow: to its port
    {"forward_plain", &Worker::forward_plain},
    // mbuf: packet and tuple, or ARP for the control core
    {"parse", &Worker::step<&Worker::arrivals_, &Arrivals::parse>},
    // fragment: the first goes on, the others follow it
    {"reassemble", &Worker::step<&Worker::fragments_, &Fragments::reassemble>},
    // tuple: flow, or a miss
    {"lookup", &Worker::step<&Worker::tracking_, &Tracking::lookup>},
    // miss: what a new flow will read is sent for
    {"expect", &Worker::step<&Worker::openings_, &Openings::expect>},
    // in turn: flow's state, new flow, another worker, or drop
    {"track", &Worker::step<&Worker::tracking_, &Tracking::track>},
    // of a helped flow: what its data say, its numbers
    {"help", &Worker::step<&Worker::tracking_, &Tracking::help>},
    // packet: TTL and size allow it to leave
    {"check", &Worker::step<&Worker::departure_, &Departure::check>},
    // packet and flow: rewritten headers
    {"translate", &Worker::step<&Worker::departure_, &Departure::translate>},
    // SYN, SYN/ACK: an MSS that fits, if --mss-clamp is given
    {"clamp_mss", &Worker::step<&Worker::departure_, &Departure::clamp_mss>},
    // fragment, or too big: sent from here, with what waits for it
    {"depart", &Worker::step<&Worker::departure_, &Departure::depart>},
    // flow: next hop, Ethernet header
    {"resolve", &Worker::step<&Worker::departure_, &Departure::resolve>},
    // all that has gathered: to ports, workers, control core
    {"transmit", &Worker::transmit},
}};

/// Sends for the headers, where that is wanted, and says how many bytes there are in all, tags in
/// the frames included: that is beside what is read here anyway.
uint64_t Worker::send_for(const Burst& burst) const {
    uint64_t bytes = 0;
    const bool prefetch = params_.prefetch;
    for (unsigned i = 0; i < burst.count; ++i) {
        const rte_mbuf* mbuf = burst.mbuf[i];
        bytes += mbuf->pkt_len;
        if (prefetch)
            rte_prefetch0(rte_pktmbuf_mtod(mbuf, void*));
    }
    return bytes;
}

/// What a fragment does depends on whether those before it have left: a burst with fragments goes
/// in parts, each up to one of them.
void Worker::forward(Burst& burst) {
    const uint64_t bytes = send_for(burst);
    if (!burst.handed_over)
        arrivals_.count(burst, bytes);
    burst.live = low_bits(burst.count);
    burst.errors = 0;
    burst.fragments = 0;
    if (tap_.is_on())
        tap_.take_up({burst.mbuf.data(), burst.from.data(), burst.side.data(), burst.flow.data(),
                      burst.count, burst.handed_over});
    burst.plain = 0;
    burst.passed = 0;
    burst.guessed = 0;
    run(burst, 0);
    if ((burst.live | burst.passed) == 0)
        return run(burst, kStages.size() - 1);
    burst.opened.clear();
    run(burst, 1);
    uint64_t rest = burst.live;
    do {
        const uint64_t stops = rest & burst.fragments;
        burst.part = stops ^ (stops - 1);  // up to the first of them; all where there is none
        burst.live = rest & burst.part;
        rest &= ~burst.live;
        burst.misses = 0;
        burst.admitted = 0;
        burst.seen = 0;
        burst.outward = 0;
        burst.within = 0;
        burst.ruled = 0;
        burst.fresh = 0;
        burst.leads = 0;
        burst.uncounted = 0;
        burst.too_big = 0;
        burst.routed = 0;
        for (size_t stage = 2; stage < kStages.size(); ++stage)
            run(burst, stage);
    } while ((rest | burst.passed) != 0);
}

void Worker::run(Burst& burst, size_t stage) {
    if (stage_cycles_.empty())
        return (this->*kStages[stage].run)(burst);
    const uint64_t start = rte_rdtsc();
    (this->*kStages[stage].run)(burst);
    stage_cycles_[stage] += rte_rdtsc() - start;
}

/// Not of packets that other workers have received.
void Worker::forward_plain(Burst& burst) {
    if (burst.handed_over || !tenure_.is_settled())
        return;
    arrivals_.take_tags(burst);
    fast_path_.forward(burst, now_);
}

void Worker::transmit(Burst&) {
    icmp_relay_.drop_unreachable(now_);
    egress_.flush();
}

}  // namespace sluice::worker
