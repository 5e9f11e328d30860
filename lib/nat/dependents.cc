// SPDX-License-Identifier: BSD-3-Clause
#include "nat/dependents.h"

#include "conntrack/status.h"
#include "nat/holders.h"

namespace sluice::nat {
namespace {

using flow::Kind;

bool has_names(const flow::FlowRecord& record) {
    return record.kind() == Kind::Mapping || record.kind() == Kind::Contact;
}

bool hangs_on(const flow::FlowTable& table, uint32_t index, uint32_t holder) {
    if (index >= table.capacity())
        return false;
    const flow::FlowRecord& record = table.record(index);
    if (record.life.load(std::memory_order_acquire).life() != flow::Life::Live)
        return false;
    bool is = false;
    record.for_each_holder([&](uint32_t held) { is |= held == holder; });
    return is;
}

uint32_t dependents(flow::FlowRecord& record) {
    // relaxed: whoever ends the holder looks again.
    return record.holding().dependents.load(std::memory_order_relaxed);
}

}  // namespace

void name_dependent(flow::FlowTable& table, uint32_t holder, uint32_t dependent) {
    flow::FlowRecord& record = table.record(holder);
    // relaxed, here and below: marks and hints that stand alone.
    if (!has_names(record) || (record.state.load(std::memory_order_relaxed) & kProven) != 0)
        return;
    for (std::atomic<uint32_t>& name : Held::of(record).named) {
        const uint32_t last = name.load(std::memory_order_relaxed);
        if (last != 0 && hangs_on(table, last - 1, holder))
            continue;
        name.store(dependent + 1, std::memory_order_relaxed);
        return;
    }
}

std::optional<Dependents> dependents_of(flow::FlowTable& table, uint32_t holder) {
    flow::FlowRecord& record = table.record(holder);
    if (!has_names(record))
        return std::nullopt;
    Dependents all;
    for (const std::atomic<uint32_t>& name : Held::of(record).named) {
        const uint32_t named = name.load(std::memory_order_relaxed);
        if (named != 0 && hangs_on(table, named - 1, holder) && !all.has(named - 1))
            all.add(named - 1);
    }
    return all.size() == dependents(record) ? std::optional(all) : std::nullopt;
}

bool is_waiting(flow::FlowTable& table, uint32_t holder) {
    constexpr uint8_t kAnswered = conntrack::kSeenReply | conntrack::kAssured;
    const auto hanging = dependents_of(table, holder);
    if (!hanging || hanging->size() == 0)
        return false;
    return std::ranges::all_of(hanging->all(), [&](uint32_t index) {
        flow::FlowRecord& record = table.record(index);
        if (record.kind() == Kind::Flow)
            return (record.status.load(std::memory_order_relaxed) & kAnswered) == 0;
        return record.kind() == Kind::Contact &&
               (dependents(record) == 0 || is_waiting(table, index));
    });
}

}  // namespace sluice::nat
