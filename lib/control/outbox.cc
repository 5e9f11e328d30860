// SPDX-License-Identifier: BSD-3-Clause
#include "control/outbox.h"

#include "link/note.h"

#include <rte_mbuf.h>

#include <cassert>
#include <utility>

namespace sluice::control {

using stats::Count;
using stats::Drop;

Outbox::Outbox(std::vector<link::Ring*> release, rte_mempool* pool, stats::Counters& counters)
    : release_(std::move(release)), pool_(pool), counters_(counters) {
    assert(rte_pktmbuf_priv_size(pool) >= link::kNoteBytes);
}

void Outbox::send_arp(unsigned worker, link::InterfaceId interface,
                      const net::MacAddress& destination, const net::Arp& arp) {
    rte_mbuf* mbuf = rte_pktmbuf_alloc(pool_);
    if (mbuf == nullptr)
        return;
    auto* frame = reinterpret_cast<uint8_t*>(rte_pktmbuf_append(mbuf, net::kArpFrameBytes));
    assert(frame != nullptr);
    net::write_arp({frame, net::kArpFrameBytes}, destination, arp);
    link::note_of(mbuf) = {.to = interface, .complete = true, .next_hop = arp.target};
    counters_.count[Count::Originated].add(1);
    counters_.count[Count::ArpSent].add(1);
    put(worker, mbuf);
}

void Outbox::send(unsigned worker, link::InterfaceId interface, rte_mbuf* mbuf) {
    link::note_of(mbuf) = {.to = interface, .complete = true};
    put(worker, mbuf);
}

void Outbox::put(unsigned worker, rte_mbuf* mbuf) {
    if (release_[worker]->put({&mbuf, 1}) == 1)
        counters_.count[Count::Put].add(1);
    else
        drop(mbuf, Drop::ReleaseFull);
}

void Outbox::drop(rte_mbuf* mbuf, Drop reason) {
    if (tap_ != nullptr)
        tap_->drop(mbuf, reason);
    counters_.drop[reason].add(1);
    rte_pktmbuf_free(mbuf);
}

}  // namespace sluice::control
