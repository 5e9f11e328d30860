// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/told.h"

#include "conntrack/taken_over.h"

#include <algorithm>
#include <atomic>
#include <new>

namespace sluice::gateway {
namespace {

using flow::FlowRecord;
using flow::Kind;
using net::Protocol;
using sync::Record;

// relaxed: what lists read of records, each value by itself.
using std::memory_order_relaxed;

/// All of it that does not stand for links: nobody else sees the record yet.
void copy(const FlowRecord& from, FlowRecord& to) {
    to.tuple = from.tuple;
    to.owner = from.owner;
    to.state.store(from.state.load(memory_order_relaxed), memory_order_relaxed);
    to.status.store(from.status.load(memory_order_relaxed), memory_order_relaxed);
    to.sides = from.sides;
    to.rewrite = from.rewrite;
    to.hops = {};
    to.begin(from.opened);
    to.deadline.store(from.deadline.load(memory_order_relaxed), memory_order_relaxed);
    to.tracker = from.tracker;
}

/// Lets the record hang on what that of the other gateway hangs on. False where that is not there,
/// or is of no kind that it can be.
bool hang(const Place& place, uint32_t index, const Record& record) {
    for (const uint32_t link : {record.holder, record.second_holder}) {
        if (link == 0)
            continue;
        const auto holder = place.own_of(link);
        if (!holder)
            return false;
        const auto rank = [&](uint32_t of) {
            return std::find(kEndOrder.begin(), kEndOrder.end(), place.table.record(of).kind());
        };
        if (rank(index) >= rank(*holder) || !place.member.hang(index, *holder))
            return false;
    }
    return record.holder != 0 || record.second_holder == 0;
}

}  // namespace

void fill(FlowRecord& candidate, const Record& record, Duration least, Tick now) {
    candidate.tuple = record.tuple;
    candidate.owner = record.owner;
    candidate.state.store(record.state, memory_order_relaxed);
    candidate.status.store(record.status, memory_order_relaxed);
    candidate.sides = net::Sides::of_bits(record.sides);
    candidate.opened = now + Duration{-static_cast<int32_t>(record.age & 0x7fffffff)};
    const Duration left{std::clamp(record.left, least.milliseconds, kLongestTimeout.milliseconds)};
    candidate.deadline.store(now + left, memory_order_relaxed);
    std::copy(record.tracker.begin(), record.tracker.end(), candidate.tracker.begin());
    if (candidate.kind() == Kind::Flow && candidate.tuple[0].protocol == Protocol::Tcp)
        conntrack::forget_windows(static_cast<conntrack::TcpState>(record.state),
                                  conntrack::TrackerMemory(candidate.tracker));
    if (candidate.kind() != Kind::Flow) {
        new (candidate.tracker.data()) flow::Holding;
        candidate.holding().note = record.note;
    }
}

bool prepare(const Place& place, uint32_t index, const Told& told) {
    FlowRecord& own = place.table.record(index);
    copy(told.candidate, own);
    own.holder.take();
    own.second_holder.take();
    if (!hang(place, index, told.record)) {
        place.member.give_back({&index, 1});
        return false;
    }
    if (place.table.accounts().is_on())
        place.table.accounts().clear(index);
    place.hosts.set_host(index, hosts::kNoHost);
    place.quotas.set(index, {});
    Restoration(place.heir).adopted(index, own);
    return true;
}

}  // namespace sluice::gateway
