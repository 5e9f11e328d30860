// SPDX-License-Identifier: BSD-3-Clause
#include "control/waiting.h"

#include "base/if_memory_allows.h"

#include <utility>

namespace sluice::control {

using link::HopIndex;
using stats::Drop;

void Waiting::add(HopIndex hop, rte_mbuf* mbuf, unsigned worker) {
    const auto found = queues_.find(hop);
    if (found != queues_.end() &&
        (found->second.size() == kMaxWaitingPerHop || total_ == kMaxWaiting)) {
        Queue& queue = found->second;
        outbox_.drop(queue.front().mbuf, Drop::NeighbourQueueFull);
        queue.erase(queue.begin());
        queue.push_back({mbuf, worker});
        return;
    }
    if (total_ == kMaxWaiting) {
        outbox_.drop(mbuf, Drop::NeighbourQueueFull);
        return;
    }
    if (!if_memory_allows([&] { queues_[hop].push_back({mbuf, worker}); })) {
        if (const auto made = queues_.find(hop); made != queues_.end() && made->second.empty())
            queues_.erase(made);
        counters_.count[stats::Count::MemoryShort].add(1);
        outbox_.drop(mbuf, Drop::NeighbourQueueFull);
        return;
    }
    changed(total_ + 1);
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

Waiting::Queue Waiting::take(HopIndex hop) {
    const auto found = queues_.find(hop);
    if (found == queues_.end())
        return {};
    Queue queue = std::move(found->second);
    queues_.erase(found);
    changed(total_ - queue.size());
    return queue;
}

void Waiting::changed(size_t total) {
    total_ = total;
    counters_.waiting.set(total);
}

}  // namespace sluice::control
