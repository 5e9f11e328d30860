// SPDX-License-Identifier: BSD-3-Clause
#include "nat/early_drop.h"

#include "conntrack/status.h"

#include <algorithm>

namespace sluice::nat {
namespace {

using stats::Count;

constexpr unsigned kBuckets = 8;  ///< From the new key's own on; its other one comes on top.
constexpr unsigned kMostNear = (kBuckets + 1) * flow::kSlots;

/// So often may another thread end, or the owner assure, the flow that was chosen.
constexpr unsigned kTries = 4;

/// A mapping, or a contact, on which no flow hangs any more. A block is the control core's to end.
bool is_idle_holder(flow::FlowRecord& record) {
    const flow::Kind kind = record.kind();
    // relaxed: killing it looks again.
    return (kind == flow::Kind::Mapping || kind == flow::Kind::Contact) &&
           record.holding().dependents.load(std::memory_order_relaxed) == 0;
}

/// For the very flow that wants in, most likely.
bool is_just_made(const flow::FlowRecord& record, Tick now) {
    return record.kind() != flow::Kind::Flow && record.opened == now;
}

}  // namespace

bool EarlyDrop::make_room(const net::Tuple& original, hosts::HostIndex host, bool sparing,
                          Tick now) {
    // A flood is not worth a look for each of its packets.
    if (sparing && heaviest_ == host)
        return false;
    std::array<flow::FlowRef, kMostNear> refs;
    const auto end = std::remove_if(
        refs.begin(), refs.begin() + table_.near(original, kBuckets, refs),
        [&](const flow::FlowRef ref) { return is_just_made(table_.record(ref), now); });
    const std::span<const flow::FlowRef> near(refs.begin(), end);
    if (end_expired(near, now))
        return true;
    for (unsigned i = 0; i < kTries; ++i) {
        const auto victim = choose(near, now);
        if (!victim)
            return false;
        flow::FlowRecord& record = table_.record(victim->index);
        const bool is_flow = record.kind() == flow::Kind::Flow;
        if (is_flow)
            heaviest_ = victim->host;
        if (is_flow && sparing && victim->host == host)
            return false;
        if ((!is_flow || hosts_.condemn(victim->index, record)) &&
            member_.kill(victim->index, victim->life)) {
            counters_.count[Count::EarlyDropped].add(1);
            return true;
        }
    }
    return false;
}

bool EarlyDrop::end_expired(std::span<const flow::FlowRef> near, Tick now) {
    for (const flow::FlowRef flow : near) {
        const flow::FlowRecord& record = table_.record(flow);
        const flow::LifeWord life = record.life.load(std::memory_order_acquire);
        if (life.life() != flow::Life::Live || record.kind() != flow::Kind::Flow ||
            record.deadline.load(std::memory_order_relaxed).is_after(now))
            continue;
        if (member_.kill(flow.index(), life)) {
            counters_.count[Count::FlowsExpired].add(1);
            return true;
        }
    }
    return false;
}

std::optional<EarlyDrop::Victim> EarlyDrop::choose(std::span<const flow::FlowRef> near,
                                                   Tick now) const {
    // Hosts that are not counted come first: they are those of a flood with many sources. What no
    // flow hangs on comes last, so that a flood does not cost others the mappings that they keep.
    const auto age = [now](Tick opened) { return now.milliseconds - opened.milliseconds; };
    const auto weight = [&](const Victim& victim, bool is_flow) {
        if (!is_flow)
            return uint32_t{0};
        return victim.host == hosts::kNoHost ? ~uint32_t{0} : hosts_.half_open(victim.host);
    };
    std::optional<Victim> best;
    for (const flow::FlowRef flow : near) {
        flow::FlowRecord& record = table_.record(flow);
        const flow::LifeWord life = record.life.load(std::memory_order_acquire);
        const bool is_flow = record.kind() == flow::Kind::Flow;
        const bool is_half_open =
            is_flow && (record.status.load(std::memory_order_relaxed) & conntrack::kAssured) == 0;
        if (life.life() != flow::Life::Live || (!is_half_open && !is_idle_holder(record)))
            continue;
        const hosts::HostIndex host = is_flow ? hosts_.host_of(flow.index()) : hosts::kNoHost;
        Victim victim{flow.index(), life, host, 0, record.opened};
        victim.half_open = weight(victim, is_flow);
        if (!best || victim.half_open > best->half_open ||
            (victim.half_open == best->half_open && age(victim.opened) > age(best->opened)))
            best = victim;
    }
    return best;
}

}  // namespace sluice::nat
