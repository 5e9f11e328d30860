// SPDX-License-Identifier: BSD-3-Clause
#include "control/waiting.h"

#include "base/if_memory_allows.h"

#include <utility>

namespace sluice::control {

using link::HopIndex;
using stats::Drop;

void Waiting::add(HopIndex hop, rte_mbuf* mbuf, unsigned worker) {
    const auto found = queues_.find(hop);
    if (found != queues_.end() && found->second.items.size() == kMaxWaitingPerHop)
        drop_oldest(hop);
    else if (total_ == kMaxWaiting)
        drop_oldest(longest());
    if (!if_memory_allows([&] { append(hop, {mbuf, worker}); })) {
        if (const auto made = queues_.find(hop);
            made != queues_.end() && made->second.items.empty())
            queues_.erase(made);
        counters_.count[stats::Count::MemoryShort].add(1);
        outbox_.drop(mbuf, Drop::NeighbourQueueFull);
        return;
    }
    changed(total_ + 1);
}

/// Where that throws, a queue that it has made is empty and in no list.
void Waiting::append(HopIndex hop, const Item& item) {
    const auto found = queues_.find(hop);
    if (found != queues_.end()) {
        Items& items = found->second.items;
        items.push_back(item);
        Hops& longer = by_length_[items.size()];
        longer.splice(longer.end(), by_length_[items.size() - 1], found->second.place);
        return;
    }
    Hops place{hop};
    Queue& queue = queues_[hop];
    queue.items.push_back(item);
    queue.place = place.begin();
    by_length_[1].splice(by_length_[1].end(), place);
}

void Waiting::drop_oldest(HopIndex hop) {
    const auto found = queues_.find(hop);
    Items& items = found->second.items;
    outbox_.drop(items.front().mbuf, Drop::NeighbourQueueFull);
    if (items.size() == 1) {
        take(hop);
        return;
    }
    items.erase(items.begin());
    Hops& shorter = by_length_[items.size()];
    shorter.splice(shorter.end(), by_length_[items.size() + 1], found->second.place);
    changed(total_ - 1);
}

/// Of a queue, of which there is one.
HopIndex Waiting::longest() const {
    size_t length = kMaxWaitingPerHop;
    while (by_length_[length].empty())
        --length;
    return by_length_[length].front();
}

void Waiting::release(HopIndex hop) {
    for (const Item& item : take(hop))
        outbox_.release(item.worker, item.mbuf);
}

void Waiting::drop(HopIndex hop, Drop reason) {
    for (const Item& item : take(hop))
        outbox_.drop(item.mbuf, reason);
}

void Waiting::drop_all(Drop reason) {
    while (!queues_.empty())
        drop(queues_.begin()->first, reason);
}

Waiting::Items Waiting::take(HopIndex hop) {
    const auto found = queues_.find(hop);
    if (found == queues_.end())
        return {};
    Items items = std::move(found->second.items);
    by_length_[items.size()].erase(found->second.place);
    queues_.erase(found);
    changed(total_ - items.size());
    return items;
}

void Waiting::changed(size_t total) {
    total_ = total;
    counters_.waiting.set(total);
}

}  // namespace sluice::control
