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
    {"forward_plain", &Worker::forward_plain},  // mbuf: plain, of a standing flow: to its port
    {"parse", &Worker::parse},            // mbuf: packet and tuple, or ARP for the control core
    {"reassemble", &Worker::reassemble},  // fragment: the first goes on, the others follow it
    {"lookup", &Worker::lookup},          // tuple: flow, or a miss
    {"expect", &Worker::expect},          // miss: what a new flow will read is sent for
    {"track", &Worker::track},          // in turn: flow's state, new flow, another worker, or drop
    {"help", &Worker::help},            // of a helped flow: what its data say, its numbers
    {"check", &Worker::check},          // packet: TTL and size allow it to leave
    {"translate", &Worker::translate},  // packet and flow: rewritten headers
    {"clamp_mss", &Worker::clamp_mss},  // SYN, SYN/ACK: an MSS that fits, if --mss-clamp is given
    {"depart", &Worker::depart},    // fragment, or too big: sent from here, with what waits for it
    {"resolve", &Worker::resolve},  // flow: next hop, Ethernet header
    {"transmit", &Worker::transmit},  // all that has gathered: to ports, workers, control core
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

/// All but the first fragment of each datagram leave the burst.
void Worker::reassemble(Burst& burst) {
    for (unsigned i : SetBits{burst.live & burst.fragments})
        fragments_.take(burst, i, now_);
}

void Worker::transmit(Burst&) {
    icmp_relay_.drop_unreachable(now_);
    egress_.flush();
}

}  // namespace sluice::worker
