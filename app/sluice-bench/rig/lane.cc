// SPDX-License-Identifier: BSD-3-Clause
#include "rig/lane.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

namespace sluice::bench {

using net::Direction;
using net::Side;

void Lane::offer(std::span<const Item> items) {
    std::array<rte_mbuf*, kBatch> packets;
    if (rte_pktmbuf_alloc_bulk(rig_.packets(), packets.data(),
                               static_cast<unsigned>(items.size())) != 0) {
        std::fprintf(stderr, "sluice-bench: a benchmark has lost packets\n");
        std::exit(2);
    }
    for (const Item& item : items)
        book_.prefetch(item.flow);
    for (size_t i = 0; i < items.size(); ++i) {
        const bool original = items[i].direction == Direction::Original;
        const Side side = original ? Side::Inside : Side::Outside;
        write_frame(packets[i], items[i], rig_.addressing(side), book_);
        rig_.port(side).offer(original ? queue_ : reply_queue_.value_or(queue_), {&packets[i], 1});
    }
}

unsigned Lane::collect(std::optional<uint8_t> ttl) {
    unsigned count = collect_side(Side::Inside, ttl) + collect_side(Side::Outside, ttl);
    while (!is_drained()) {  // answers to ARP, which must not come between the packets of a batch
        run_worker();
        count += collect_side(Side::Inside, ttl) + collect_side(Side::Outside, ttl);
    }
    return count;
}

unsigned Lane::collect_side(Side side, std::optional<uint8_t> ttl) {
    synthetic::SyntheticPort& port = rig_.port(side);
    std::array<rte_mbuf*, 4 * kBatch> taken;
    const auto sent = port.sent(queue_);
    std::copy(sent.begin(), sent.end(), taken.begin());
    const std::span packets = std::span(taken).first(sent.size());
    port.clear(queue_);
    unsigned count = 0;
    for (rte_mbuf* mbuf : packets) {
        if (mbuf->pool != rig_.packets()) {
            rig_.take_own(side, queue_, mbuf);
            continue;
        }
        ++count;
        const Item& item = item_of(mbuf);
        if (item.kind == Kind::Open && item.direction == Direction::Original)
            learn_from(mbuf, book_);
        if (ttl && ++seen_ % kCheckEvery == 0)
            if (const char* fault = find_fault(mbuf, book_, *ttl); fault != nullptr)
                fault_ = std::string("a packet came out wrong: ") + fault;
        rte_pktmbuf_free(mbuf);
    }
    return count;
}

}  // namespace sluice::bench
