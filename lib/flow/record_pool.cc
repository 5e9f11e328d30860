// SPDX-License-Identifier: BSD-3-Clause
#include "flow/record_pool.h"

namespace sluice::flow {

// A link is relaxed: it is published by the swap of the top that makes its record reachable
// (release) and read after the top was loaded (acquire). Who reads a link that another is just
// changing gets an index of no use, and then its own swap of the top fails.

void RecordPool::fill(std::span<std::atomic<uint32_t>> links) {
    links_ = links;
    const auto count = static_cast<uint32_t>(links.size());
    for (uint32_t i = 0; i < count; ++i)
        links[i].store(i + 1 < count ? i + 1 : Top::kNone, std::memory_order_relaxed);
    top_.store(Top::of(count > 0 ? 0 : Top::kNone, 0), std::memory_order_release);
}

unsigned RecordPool::take(std::span<uint32_t> indexes) {
    Top top = top_.load(std::memory_order_acquire);
    unsigned taken = 0;
    uint32_t next = Top::kNone;
    do {
        next = top.index();
        for (taken = 0; taken < indexes.size() && next != Top::kNone; ++taken) {
            indexes[taken] = next;
            next = links_[next].load(std::memory_order_relaxed);
        }
        if (taken == 0)
            return 0;
        // Release as well: the next to take must see the links below, which others wrote.
    } while (!top_.compare_exchange_weak(top, Top::of(next, top.changes() + 1),
                                         std::memory_order_acq_rel, std::memory_order_acquire));
    return taken;
}

void RecordPool::put(const Chain& chain) {
    Top top = top_.load(std::memory_order_relaxed);
    do {
        links_[chain.last].store(top.index(), std::memory_order_relaxed);
    } while (!top_.compare_exchange_weak(top, Top::of(chain.first, top.changes() + 1),
                                         std::memory_order_acq_rel, std::memory_order_relaxed));
}

void RecordPool::append(Chain& chain, uint32_t index) {
    if (chain.count == 0)
        chain.first = index;
    else
        links_[chain.last].store(index, std::memory_order_relaxed);
    chain.last = index;
    ++chain.count;
}

void RecordPool::join(Chain& chain, const Chain& more) {
    if (more.count == 0)
        return;
    if (chain.count == 0)
        chain.first = more.first;
    else
        links_[chain.last].store(more.first, std::memory_order_relaxed);
    chain.last = more.last;
    chain.count += more.count;
}

Chain RecordPool::take_all() {
    Top top = top_.load(std::memory_order_acquire);
    while (top.index() != Top::kNone &&
           !top_.compare_exchange_weak(top, Top::of(Top::kNone, top.changes() + 1),
                                       std::memory_order_acq_rel, std::memory_order_acquire)) {
    }
    Chain chain;
    // Its records are this thread's alone now, so the end is found by walking.
    for (uint32_t i = top.index(); i != Top::kNone; i = links_[i].load(std::memory_order_relaxed)) {
        if (chain.count++ == 0)
            chain.first = i;
        chain.last = i;
    }
    return chain;
}

}  // namespace sluice::flow
