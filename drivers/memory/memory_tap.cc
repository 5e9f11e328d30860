// SPDX-License-Identifier: BSD-3-Clause
#include "memory/memory_tap.h"

#include <rte_mbuf.h>

#include <algorithm>
#include <utility>

namespace sluice::memory {

std::vector<MemoryTap::Frame> MemoryTap::take_received() {
    return std::exchange(received_, {});
}

bool MemoryTap::write(const rte_mbuf& frame) {
    if (refuses_)
        return false;
    Frame& received = received_.emplace_back();
    for (const rte_mbuf* segment = &frame; segment != nullptr; segment = segment->next) {
        const auto* bytes = rte_pktmbuf_mtod(segment, const uint8_t*);
        received.insert(received.end(), bytes, bytes + rte_pktmbuf_data_len(segment));
    }
    return true;
}

size_t MemoryTap::read(std::span<uint8_t> room) {
    if (sent_.empty())
        return 0;
    const Frame frame = std::move(sent_.front());
    sent_.pop_front();
    const size_t bytes = std::min(room.size(), frame.size());
    std::copy_n(frame.begin(), bytes, room.begin());
    return bytes;
}

void MemoryTap::follow(bool has_link, uint16_t mtu) {
    has_link_ = has_link;
    mtu_ = mtu;
}

}  // namespace sluice::memory
