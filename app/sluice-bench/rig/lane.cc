// SPDX-License-Identifier: BSD-3-Clause
#include "rig/lane.h"

#include "rig/ipv6.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace sluice::bench {

using net::Direction;
using net::Side;

namespace {

constexpr size_t kLine = 64;

void flush(const rte_mbuf* mbuf) {
#if defined(__SSE2__)
    const auto* bytes = rte_pktmbuf_mtod(mbuf, const char*);
    for (size_t at = 0; at < rte_pktmbuf_data_len(mbuf); at += kLine)
        _mm_clflush(bytes + at);
#else
    static_cast<void>(mbuf);
#endif
}

/// Waits for what has been flushed.
void end_flushing() {
#if defined(__SSE2__)
    _mm_mfence();
#endif
}

}  // namespace

bool can_flush() {
#if defined(__SSE2__)
    return true;
#else
    return false;
#endif
}

void Lane::offer(std::span<const Item> items, const Arrival& arrival) {
    packets_.resize(items.size());
    std::vector<rte_mbuf*>& packets = packets_;
    if (rte_pktmbuf_alloc_bulk(rig_.packets(), packets.data(),
                               static_cast<unsigned>(items.size())) != 0) {
        std::fprintf(stderr, "sluice-bench: a benchmark has lost packets\n");
        std::exit(2);
    }
    if (arrival.in_random_order)
        std::shuffle(packets.begin(), packets.end(), random_);
    for (const Item& item : items)
        book_.prefetch(item.flow);
    for (size_t i = 0; i < items.size(); ++i) {
        const bool original = items[i].direction == Direction::Original;
        const Side side = original ? Side::Inside : Side::Outside;
        write_frame(packets[i], items[i], rig_.addressing(side), book_);
        if (original && rig_.is_ipv6())
            become_ipv6(packets[i]);
        rig_.port(side).offer(original ? queue_ : reply_queue_.value_or(queue_), {&packets[i], 1});
    }
    if (arrival.flushed) {
        std::for_each(packets.begin(), packets.end(), flush);
        end_flushing();
    }
}

/// What is wrong with a packet; null if nothing.
const char* Lane::look_at(rte_mbuf* mbuf, Side side, uint8_t ttl) const {
    if (side == Side::Inside && rig_.is_ipv6())
        if (const char* fault = become_ipv4(mbuf); fault != nullptr)
            return fault;
    return find_fault(mbuf, book_, ttl);
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
    const auto sent = port.sent(queue_);
    packets_.assign(sent.begin(), sent.end());
    port.clear(queue_);
    unsigned count = 0;
    for (rte_mbuf* mbuf : packets_) {
        if (mbuf->pool != rig_.packets()) {
            rig_.take_own(side, queue_, mbuf);
            continue;
        }
        ++count;
        const Item& item = item_of(mbuf);
        if (item.kind == Kind::Open && item.direction == Direction::Original)
            learn_from(mbuf, book_);
        if (ttl && ++seen_ % kCheckEvery == 0)
            if (const char* fault = look_at(mbuf, side, *ttl); fault != nullptr)
                fault_ = std::string("a packet came out wrong: ") + fault;
        rte_pktmbuf_free(mbuf);
    }
    return count;
}

}  // namespace sluice::bench
