// SPDX-License-Identifier: BSD-3-Clause
#include "nat/holders.h"

#include "conntrack/status.h"
#include "nat/dependents.h"

#include <new>
#include <span>

namespace sluice::nat {
namespace {

/// So much more is given, that not every packet has to write what other workers read.
constexpr Duration kRefreshStep = Duration::seconds(1);

}  // namespace

std::optional<uint32_t> find_holder(const flow::FlowTable& table, const net::Tuple& key, Tick now) {
    const flow::FlowRef found = table.find(key, now);
    return found ? std::optional(found.index()) : std::nullopt;
}

bool hangs_on_block(const flow::FlowTable& table, const flow::FlowRecord& record, uint8_t marks) {
    bool is = false;
    record.for_each_holder([&](uint32_t index) {
        const flow::FlowRecord& holder = table.record(index);
        // relaxed: marks that stand alone.
        const uint8_t state = holder.state.load(std::memory_order_relaxed);
        is |= holder.kind() == flow::Kind::Block ? (state & (marks | kProven)) == marks
                                                 : hangs_on_block(table, holder, marks);
    });
    return is;
}

bool is_resting(const flow::FlowRecord& record, const HolderParams& params, Tick now) {
    const Tick deadline = record.deadline.load(std::memory_order_relaxed);
    // relaxed: a mark that stands alone.
    return (record.state.load(std::memory_order_relaxed) & kOutlived) != 0 ||
           !deadline.is_after(now + hold_of(record, params));
}

/// Counts it for its inside host.
hosts::Counted Holders::admit(const HolderKeys& keys, const Terms& terms, Tick now) {
    const auto kind = static_cast<flow::Kind>(keys.original.kind);
    if (ground_.hosts == nullptr || kind == flow::Kind::Block)
        return {};
    return ground_.hosts->enter(keys.original.inside_source(), terms.limits, now);
}

Holders::Made Holders::make(const HolderKeys& keys, const Terms& terms, Tick now) {
    const auto taken = ground_.stock.take();
    if (!taken)
        return {Made::Result::NoRoom};
    const uint32_t index = *taken;
    flow::FlowRecord& record = ground_.table.record(index);
    record.tuple = {keys.original, keys.reply};
    record.owner = ground_.worker;
    record.sides = {};
    record.rewrite = {};
    record.hops = {};
    record.begin(now);
    // relaxed: nobody sees the record before insert() publishes it.
    record.state.store(terms.rests ? kRests : 0, std::memory_order_relaxed);
    record.status.store(conntrack::kAssured, std::memory_order_relaxed);
    const Tick end = now + params().mapping_timeout + hold_of(record, params());
    const bool is_block = record.kind() == flow::Kind::Block;
    record.deadline.store(is_block ? now + kBlockDeadline : end, std::memory_order_relaxed);
    new (record.tracker.data()) Held;
    if (terms.parent && !ground_.member.hang(index, *terms.parent)) {
        ground_.member.give_back(std::span(&index, 1));
        return {Made::Result::ParentEnded};
    }
    const hosts::Counted admitted = admit(keys, terms, now);
    if (admitted.answer != hosts::Answer::Admitted) {
        ground_.member.give_back(std::span(&index, 1));
        return {Made::Result::HostFull};
    }
    const Made made = insert(index, admitted.host, now);
    if (made.result != Made::Result::New && admitted.host != hosts::kNoHost)
        ground_.hosts->leave(admitted.host);
    if (made.result == Made::Result::New && terms.parent)
        name_dependent(ground_.table, *terms.parent, index);
    return made;
}

/// A record that is filled, and has been counted for `host`.
Holders::Made Holders::insert(uint32_t index, hosts::HostIndex host, Tick now) {
    if (ground_.hosts != nullptr)
        ground_.hosts->set_host(index, host);
    const flow::Insertion insertion = ground_.member.insert(index, now);
    switch (insertion.outcome) {
        case flow::InsertOutcome::Inserted:
            // Due at once: the control core tells the operator of new blocks.
            ground_.table.deadlines().set(index, now, now);
            ground_.counters.count[stats::Count::HoldersMade].add(1);
            return {Made::Result::New, index};
        case flow::InsertOutcome::OriginalTaken:
            return {Made::Result::Existing, insertion.holder.index()};
        case flow::InsertOutcome::ReplyTaken:
            return {Made::Result::Taken};
        case flow::InsertOutcome::NoSpace:
            break;
    }
    return {Made::Result::NoRoom};
}

void Holders::keep(uint32_t index, Tick deadline) {
    ground_.table.record(index).for_each_holder(
        [&](uint32_t holder) { keep_one(holder, deadline); });
}

void Holders::prove(uint32_t index) {
    ground_.table.record(index).for_each_holder([this](uint32_t holder) {
        flow::FlowRecord& record = ground_.table.record(holder);
        // relaxed: a mark that stands alone; who finds it set has nobody to tell further up.
        if ((record.state.load(std::memory_order_relaxed) & kProven) != 0)
            return;
        record.state.fetch_or(kProven, std::memory_order_relaxed);
        prove(holder);
    });
}

Duration Holders::left(const flow::FlowRecord& record, Tick now) const {
    const auto index = record.holder.see().index();
    if (!index)
        return {};
    const flow::FlowRecord& holder = ground_.table.record(*index);
    if (is_resting(holder, params(), now))
        return {};
    const Tick deadline = holder.deadline.load(std::memory_order_relaxed);
    return Duration{(deadline - now).milliseconds - hold_of(holder, params()).milliseconds};
}

void Holders::keep_one(uint32_t holder, Tick deadline) {
    flow::FlowRecord& record = ground_.table.record(holder);
    if (record.kind() == flow::Kind::Block)
        return;
    const Tick end = deadline + hold_of(record, params());
    // relaxed: the value stands alone. Of two workers' stores either will do.
    if (end.is_after(record.deadline.load(std::memory_order_relaxed)))
        record.deadline.store(end + kRefreshStep, std::memory_order_relaxed);
    // relaxed: a mark that stands alone. Where the control core sets it at this moment, the next
    // packet takes it away.
    if ((record.state.load(std::memory_order_relaxed) & kOutlived) != 0)
        record.state.fetch_and(static_cast<uint8_t>(~kOutlived), std::memory_order_relaxed);
    keep(holder, deadline);
}

}  // namespace sluice::nat
