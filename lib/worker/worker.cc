// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// Where a worker's packets come from.

#include "worker/worker.h"

#include "worker/note.h"

#include <algorithm>
#include <utility>

namespace sluice::worker {

using route::Side;
using stats::Count;

Worker::Worker(const Shared& shared, WorkerParams params)
    : shared_(shared),
      params_(std::move(params)),
      member_(shared.table),
      nat_({shared.table, shared.rules, shared.leases, shared.exhaustion, shared.changed_ports,
            shared.steering, shared.statics, shared.tuning, shared.hosts, shared.host_limits,
            shared.holders, shared.reserve},
           member_, counters_, params_.id),
      datagrams_(shared.fragments, *this),
      handed_over_(shared.workers) {
    for (const Side side : {Side::Inside, Side::Outside}) {
        const io::Port& port = *params_.ports[index(side)].port;
        mac_[index(side)] = net::mac_bits(port.mac());
        mtu_[index(side)] = port.mtu();
        trust_nic_[index(side)] = shared.verify == Verify::TrustNic && port.verifies_checksums();
    }
}

Worker::~Worker() = default;

unsigned Worker::turn(Tick now) {
    now_ = now;
    unsigned packets = 0;
    Burst& burst = burst_;
    for (const Side from : {Side::Inside, Side::Outside})
        if (const unsigned count = receive(from, burst); count != 0) {
            packets += count;
            forward(burst);
        }
    for (Ring* ring : params_.links.from_worker)
        if (ring != nullptr && take_handed_over(*ring, burst) != 0) {
            packets += burst.count;
            forward(burst);
        }
    packets += release();
    if (datagrams_.size() != 0) {
        datagrams_.expire(now_);
        counters_.waiting.set(datagrams_.kept());
    }
    member_.quiescent();
    return packets;
}

unsigned Worker::receive(Side from, Burst& burst) {
    const PortUse& use = params_.ports[index(from)];
    if (!use.rx_queue)
        return 0;
    burst.count = use.port->receive(*use.rx_queue, std::span(burst.mbuf).first(params_.burst));
    std::fill_n(burst.from.begin(), burst.count, from);
    burst.handed_over = false;
    burst.settled = 0;
    counters_.count[Count::Received].add(burst.count);
    return burst.count;
}

unsigned Worker::take_handed_over(Ring& ring, Burst& burst) {
    burst.count = ring.take(burst.mbuf);
    burst.settled = 0;
    for (unsigned i = 0; i < burst.count; ++i) {
        const Note& note = note_of(burst.mbuf[i]);
        burst.from[i] = note.from;
        burst.settled |= uint64_t{note.for_flow} << i;
    }
    burst.handed_over = true;
    counters_.count[Count::Taken].add(burst.count);
    return burst.count;
}

/// Sends what the control core has finished: its own frames, and packets whose hop is known now.
unsigned Worker::release() {
    std::array<rte_mbuf*, kBurstSize> packets;
    const unsigned count = params_.links.from_control->take(packets);
    counters_.count[Count::Taken].add(count);
    for (unsigned i = 0; i < count; ++i) {
        const Note& note = note_of(packets[i]);
        if (note.complete)
            send(packets[i], note.hop_side);
        else if (!send_to_hop(packets[i], note.hop_side, note.hop))
            drop_unreachable(packets[i]);
    }
    flush();
    return count;
}

void Worker::drain() {
    datagrams_.clear(stats::Drop::Shutdown);
    counters_.waiting.set(datagrams_.kept());
    Burst& burst = burst_;
    for (Ring* ring : params_.links.from_worker)
        while (ring != nullptr && take_handed_over(*ring, burst) != 0)
            drop(std::span(burst.mbuf).first(burst.count), stats::Drop::Shutdown);
    while (const unsigned count = params_.links.from_control->take(burst.mbuf)) {
        counters_.count[Count::Taken].add(count);
        drop(std::span(burst.mbuf).first(count), stats::Drop::Shutdown);
    }
}

}  // namespace sluice::worker
