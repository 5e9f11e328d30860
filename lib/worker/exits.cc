// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// The ways out of the pipeline. Each packet takes exactly one, and each is counted:
/// received + originated + taken = transmitted + consumed + put + Σ dropped[reason].

#include "worker/worker.h"

#include <rte_mbuf.h>

namespace sluice::worker {

using route::Side;
using stats::Count;
using stats::Drop;

void Worker::drop(Burst& burst, unsigned i, Drop reason) {
    burst.end(i);
    drop(burst.mbuf[i], reason);
}

void Worker::drop(rte_mbuf* mbuf, Drop reason) {
    counters_.drop[reason].add(1);
    rte_pktmbuf_free(mbuf);
}

void Worker::drop(std::span<rte_mbuf*> packets, Drop reason) {
    counters_.drop[reason].add(packets.size());
    rte_pktmbuf_free_bulk(packets.data(), static_cast<unsigned>(packets.size()));
}

/// To the worker that owns, or will own, the packet's flow; or to the home of its datagram.
void Worker::hand_over(rte_mbuf* mbuf, unsigned worker, const Note& note) {
    note_of(mbuf) = note;
    handed_over_[worker].add(mbuf);
    if (handed_over_[worker].is_full())
        flush_to_worker(worker);
}

/// To the control core.
void Worker::punt(Burst& burst, unsigned i, const Note& note) {
    burst.end(i);
    punt(burst.mbuf[i], note);
}

void Worker::punt(rte_mbuf* mbuf, const Note& note) {
    note_of(mbuf) = note;
    punted_.add(mbuf);
    if (punted_.is_full())
        flush_to_control();
}

/// Empties a batch of which the front was taken; the rest is dropped.
void Worker::finish(Batch& batch, unsigned taken, Drop reason) {
    if (taken < batch.count)
        drop(batch.packets().subspan(taken), reason);
    batch.count = 0;
}

void Worker::flush(Side side) {
    Batch& batch = outgoing_[index(side)];
    if (batch.count == 0)
        return;
    const PortUse& use = params_.ports[index(side)];
    const unsigned sent = use.port->transmit(use.tx_queue, batch.packets());
    counters_.count[Count::Transmitted].add(sent);
    finish(batch, sent, Drop::TxFull);
}

void Worker::flush_to_worker(unsigned owner) {
    Batch& batch = handed_over_[owner];
    if (batch.count == 0)
        return;
    const unsigned put = params_.links.to_worker[owner]->put(batch.packets());
    counters_.count[Count::Put].add(put);
    counters_.count[Count::Handoff].add(put);
    finish(batch, put, Drop::HandoffFull);
}

void Worker::flush_to_control() {
    if (punted_.count == 0)
        return;
    const unsigned put = params_.links.to_control->put(punted_.packets());
    counters_.count[Count::Put].add(put);
    counters_.count[Count::Punted].add(put);
    finish(punted_, put, Drop::PuntFull);
}

}  // namespace sluice::worker
