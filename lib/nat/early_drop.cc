// SPDX-License-Identifier: BSD-3-Clause
#include "nat/early_drop.h"

#include "conntrack/status.h"

namespace sluice::nat {
namespace {

using stats::Count;

constexpr unsigned kBuckets = 8;  ///< From the new key's own on; its other one comes on top.
constexpr unsigned kMostNear = (kBuckets + 1) * flow::kSlots;

/// So often may another thread end, or the owner assure, the flow that was chosen.
constexpr unsigned kTries = 4;

}  // namespace

bool EarlyDrop::make_room(const net::Tuple& original, hosts::HostIndex host, bool sparing,
                          Tick now) {
    // A flood is not worth a look for each of its packets.
    if (sparing && heaviest_ == host)
        return false;
    std::array<flow::FlowRef, kMostNear> refs;
    const auto near = std::span(refs).first(table_.near(original, kBuckets, refs));
    if (end_expired(near, now))
        return true;
    for (unsigned i = 0; i < kTries; ++i) {
        const auto victim = choose(near);
        if (!victim)
            return false;
        heaviest_ = victim->host;
        if (sparing && victim->host == host)
            return false;
        if (hosts_.condemn(victim->index, table_.record(victim->index)) &&
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

std::optional<EarlyDrop::Victim> EarlyDrop::choose(std::span<const flow::FlowRef> near) const {
    // Hosts that are not counted come first: they are those of a flood with many sources.
    const auto weight = [&](hosts::HostIndex host) {
        return host == hosts::kNoHost ? ~uint32_t{0} : hosts_.half_open(host);
    };
    std::optional<Victim> best;
    for (const flow::FlowRef flow : near) {
        const flow::FlowRecord& record = table_.record(flow);
        const flow::LifeWord life = record.life.load(std::memory_order_acquire);
        if (life.life() != flow::Life::Live || record.kind() != flow::Kind::Flow ||
            (record.status.load(std::memory_order_relaxed) & conntrack::kAssured) != 0)
            continue;
        const hosts::HostIndex host = hosts_.host_of(flow.index());
        const Victim victim{flow.index(), life, host, weight(host), record.opened};
        if (!best || victim.half_open > best->half_open ||
            (victim.half_open == best->half_open && best->opened.is_after(victim.opened)))
            best = victim;
    }
    return best;
}

}  // namespace sluice::nat
