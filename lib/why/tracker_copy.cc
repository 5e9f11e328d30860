// SPDX-License-Identifier: BSD-3-Clause
#include "why/tracker_copy.h"

#include "flow/age.h"

#include <cstdint>
#include <cstring>
#include <utility>

namespace sluice::why {
namespace {

/// One copy, word by word.
TrackerCopy read_words(const flow::FlowRecord& record) {
    using Word [[gnu::may_alias]] = uint32_t;
    static_assert(conntrack::kTrackerBytes % sizeof(Word) == 0);
    TrackerCopy copy;
    for (size_t at = 0; at < copy.size(); at += sizeof(Word)) {
        // relaxed: the words need not be of one moment, as two copies are compared.
        const Word word =
            __atomic_load_n(reinterpret_cast<const Word*>(&record.tracker[at]), __ATOMIC_RELAXED);
        std::memcpy(&copy[at], &word, sizeof word);
    }
    return copy;
}

}  // namespace

/// A flow that is busy all the time is taken as it was read last.
TrackerCopy copy_tracker(const flow::FlowRecord& record) {
    constexpr int kReadings = 100;
    TrackerCopy copy = read_words(record);
    for (int i = 0; i < kReadings; ++i)
        if (const TrackerCopy before = std::exchange(copy, read_words(record)); before == copy)
            break;
    return copy;
}

conntrack::FlowState state_of(const flow::FlowRecord& record, Tick now) {
    // relaxed: each stands alone.
    return {conntrack::ProtocolState(record.state.load(std::memory_order_relaxed)),
            record.status.load(std::memory_order_relaxed), now - flow::opened_at(record),
            record.deadline.load(std::memory_order_relaxed) - now};
}

}  // namespace sluice::why
