// SPDX-License-Identifier: BSD-3-Clause
#include "nat/holders.h"

#include "conntrack/status.h"

#include <new>
#include <span>

namespace sluice::nat {
namespace {

/// So much more is given, that not every packet has to write what other workers read.
constexpr Duration kRefreshStep = Duration::seconds(1);

}  // namespace

std::optional<uint32_t> Holders::find(const net::Tuple& key, Tick now) const {
    const flow::FlowRef found = ground_.table.find(key, now);
    return found ? std::optional(found.index()) : std::nullopt;
}

bool Holders::is_resting(uint32_t index, Tick now) const {
    const flow::FlowRecord& record = ground_.table.record(index);
    const Tick deadline = record.deadline.load(std::memory_order_relaxed);
    return !deadline.is_after(now + hold_of(record, params_));
}

Holders::Claim Holders::make(const HolderKeys& keys, const Ties& ties, Tick now) {
    const auto taken = ground_.stock.take();
    if (!taken)
        return {Claim::Outcome::NoSpace, 0};
    const uint32_t index = *taken;
    flow::FlowRecord& record = ground_.table.record(index);
    record.tuple = {keys.original, keys.reply};
    record.owner = ground_.worker;
    record.sides = {};
    record.rewrite = {};
    record.hops = {};
    record.opened = now;
    // relaxed: nobody sees the record before insert() publishes it.
    record.state.store(ties.rests ? kRests : 0, std::memory_order_relaxed);
    record.status.store(conntrack::kAssured, std::memory_order_relaxed);
    const Tick end = now + params_.mapping_timeout + hold_of(record, params_);
    const bool is_block = record.kind() == flow::Kind::Block;
    record.deadline.store(is_block ? now + kBlockDeadline : end, std::memory_order_relaxed);
    new (record.tracker.data()) flow::Holding;
    if ((ties.parent && !ground_.member.hang(index, *ties.parent)) ||
        (ties.peer && !ground_.member.hang_too(index, *ties.peer))) {
        ground_.member.give_back(std::span(&index, 1));
        return {Claim::Outcome::ParentEnded, 0};
    }

    const flow::Insertion insertion = ground_.member.insert(index, now);
    switch (insertion.outcome) {
        case flow::InsertOutcome::Inserted:
            // Due at once: the control core tells the operator of new blocks.
            ground_.table.deadlines().set(index, now, now);
            ground_.counters.count[stats::Count::HoldersMade].add(1);
            return {Claim::Outcome::Made, index};
        case flow::InsertOutcome::OriginalTaken:
            return {Claim::Outcome::Exists, insertion.holder.index()};
        case flow::InsertOutcome::ReplyTaken:
            return {Claim::Outcome::EndpointTaken, insertion.holder.index()};
        case flow::InsertOutcome::NoSpace:
            break;
    }
    return {Claim::Outcome::NoSpace, 0};
}

void Holders::keep(uint32_t index, Tick deadline) {
    flow::FlowRecord& record = ground_.table.record(index);
    if (record.kind() == flow::Kind::Block)
        return;
    const Tick end = deadline + hold_of(record, params_);
    // relaxed: the value stands alone. Of two workers' stores either will do.
    if (end.is_after(record.deadline.load(std::memory_order_relaxed)))
        record.deadline.store(end + kRefreshStep, std::memory_order_relaxed);
    for (const auto& above : {record.holder.kept_alive(), record.holding().second.kept_alive()})
        if (above)
            keep(*above, deadline);
}

}  // namespace sluice::nat
