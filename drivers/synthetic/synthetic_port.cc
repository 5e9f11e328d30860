// SPDX-License-Identifier: BSD-3-Clause
#include "synthetic/synthetic_port.h"

#include <rte_mbuf.h>

#include <algorithm>

namespace sluice::synthetic {
namespace {

/// What a driver writes of each packet: it is whole, lies in one segment, and its checksums are
/// good.
void fill_in(rte_mbuf& mbuf) {
    mbuf.data_off = RTE_PKTMBUF_HEADROOM;
    mbuf.nb_segs = 1;
    mbuf.ol_flags = RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD;
    mbuf.pkt_len = mbuf.data_len;
}

}  // namespace

SyntheticPort::SyntheticPort(const Params& params) : params_(params), queues_(params.queues) {
    for (Queue& queue : queues_) {
        queue.in.reserve(params.capacity);
        queue.out.reserve(params.capacity);
    }
}

bool SyntheticPort::offer(uint16_t queue, std::span<rte_mbuf* const> packets) {
    auto& in = queues_[queue].in;
    if (packets.size() > in.capacity() - in.size())
        return false;
    in.insert(in.end(), packets.begin(), packets.end());
    return true;
}

void SyntheticPort::clear(uint16_t queue) {
    queues_[queue].in.clear();
    queues_[queue].out.clear();
    queues_[queue].next = 0;
}

unsigned SyntheticPort::receive(uint16_t queue, std::span<rte_mbuf*> packets) {
    Queue& from = queues_[queue];
    const size_t count = std::min({packets.size(), size_t{burst_}, from.in.size() - from.next});
    for (size_t i = 0; i < count; ++i) {
        packets[i] = from.in[from.next + i];
        fill_in(*packets[i]);
    }
    from.next += count;
    return static_cast<unsigned>(count);
}

unsigned SyntheticPort::transmit(uint16_t queue, std::span<rte_mbuf*> packets) {
    auto& out = queues_[queue].out;
    const size_t count = std::min(packets.size(), out.capacity() - out.size());
    out.insert(out.end(), packets.begin(), packets.begin() + static_cast<ptrdiff_t>(count));
    return static_cast<unsigned>(count);
}

}  // namespace sluice::synthetic
