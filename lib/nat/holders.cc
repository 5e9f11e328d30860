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
    const flow::FlowRef found = table_.find(key, now);
    return found ? std::optional(found.index()) : std::nullopt;
}

bool Holders::is_resting(uint32_t index, Tick now) const {
    const flow::FlowRecord& record = table_.record(index);
    const Tick deadline = record.deadline.load(std::memory_order_relaxed);
    return !deadline.is_after(now + hold_of(record, params_));
}

Holders::Claim Holders::make(const HolderKeys& keys, const Ties& ties, Tick now) {
    uint32_t index = 0;
    if (member_.take(std::span(&index, 1)) == 0)
        return {Claim::Outcome::NoSpace, 0};
    flow::FlowRecord& record = table_.record(index);
    record.tuple = {keys.original, keys.reply};
    record.owner = worker_;
    record.sides = {};
    record.rewrite = {};
    record.hops = {};
    record.opened = now;
    // relaxed: nobody sees the record before insert() publishes it.
    record.state.store(ties.rests ? kRests : 0, std::memory_order_relaxed);
    record.status.store(conntrack::kAssured, std::memory_order_relaxed);
    record.deadline.store(now + params_.mapping_timeout + hold_of(record, params_),
                          std::memory_order_relaxed);
    new (record.tracker.data()) flow::Holding;
    if ((ties.parent && !member_.hang(index, *ties.parent)) ||
        (ties.peer && !member_.hang_too(index, *ties.peer))) {
        member_.give_back(std::span(&index, 1));
        return {Claim::Outcome::NoSpace, 0};
    }

    const flow::Insertion insertion = member_.insert(index, now);
    switch (insertion.outcome) {
        case flow::InsertOutcome::Inserted:
            // Due at once: the control core sets the time of its next look by itself.
            table_.deadlines().set(index, now, now);
            counters_.count[stats::Count::HoldersMade].add(1);
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
    flow::FlowRecord& record = table_.record(index);
    const Tick end = deadline + hold_of(record, params_);
    // relaxed: the value stands alone. Of two workers' stores either will do.
    if (end.is_after(record.deadline.load(std::memory_order_relaxed)))
        record.deadline.store(end + kRefreshStep, std::memory_order_relaxed);
    for (const auto& above : {record.holder.read(), record.holding().second.read()})
        if (above)
            keep(*above, deadline);
}

}  // namespace sluice::nat
