// SPDX-License-Identifier: BSD-3-Clause
#include "observe/watches.h"

#include <algorithm>

namespace sluice::observe {

using net::Direction;

/// Not inlined, for the way of packets whose flow does not meet the mask.
[[gnu::noinline]] bool Watch::wants(const flow::FlowRecord& record) const {
    const net::Tuple& original = record.key(Direction::Original);
    return mask.meets(original) &&
           (is_mask ||
            (wish.wants_passing() && wish.filter.matches(original, record.key(Direction::Reply))));
}

Result<std::unique_ptr<Watches::Reader>> Watches::open(const Wish& wish) {
    const std::lock_guard lock(mutex_);
    free_closed();
    // relaxed: places are written under the lock.
    const auto place = std::find_if(places_.begin(), places_.end(), [](const auto& taken) {
        return taken.load(std::memory_order_relaxed) == nullptr;
    });
    // Those that wait to be freed count, or whoever comes and goes while a worker stands still
    // could take all memory.
    if (place == places_.end() || closed_.size() >= kMostWatches)
        return Error{std::to_string(kMostWatches) +
                     " captures or traces are running already; try again when one has ended."};
    Closing own;
    Watch* const watch = own.emplace_back(std::make_unique<Watch>(wish, threads_)).get();
    auto reader = std::make_unique<Reader>(*this, std::move(own));
    place->store(watch, std::memory_order_release);
    return reader;
}

void Watches::close(Closing& own) {
    const std::lock_guard lock(mutex_);
    const auto place = std::find_if(places_.begin(), places_.end(), [&](const auto& taken) {
        return taken.load(std::memory_order_relaxed) == own.front().get();
    });
    place->store(nullptr, std::memory_order_relaxed);  // Grace::begin() orders it
    closed_.fresh().splice(closed_.fresh().end(), own);
    free_closed();
}

void Watches::free_closed() {
    closed_.turn(grace_, [](auto watches) { watches.clear(); });
}

void Watches::Reader::collect() {
    entries_.clear();
    for (PacketRing& ring : watch_.rings)
        ring.collect(entries_, kMostAtOnce);
    std::stable_sort(entries_.begin(), entries_.end(),
                     [](const PacketEntry* a, const PacketEntry* b) { return a->time < b->time; });
}

uint64_t Watches::Reader::lost() const {
    uint64_t sum = 0;
    for (const PacketRing& ring : watch_.rings)
        sum += ring.lost();
    return sum;
}

}  // namespace sluice::observe
