// SPDX-License-Identifier: BSD-3-Clause
#include "nat/early_drop.h"

#include "conntrack/status.h"
#include "nat/dependents.h"

namespace sluice::nat {
namespace {

using stats::Count;

/// So often may another thread end, or the owner assure, the flow that was chosen.
constexpr unsigned kTries = 4;

}  // namespace

bool EarlyDrop::make_room(const net::Tuple& original, hosts::HostIndex host, bool sparing,
                          Tick now) {
    // A flood is not worth a look for each of its packets.
    if (sparing && ranking_.is_above_share(host))
        return false;
    const auto near = ranking_.near(original, now);
    if (end_expired(near, now))
        return true;
    for (unsigned i = 0; i < kTries; ++i) {
        const auto victim = ranking_.choose(near, now);
        if (!victim || (sparing && victim->protecting != 0 && victim->host == host))
            return false;
        if (end(*victim))
            return true;
    }
    return false;
}

bool EarlyDrop::replace_counted(const net::Tuple& original, const hosts::UsedUp& what,
                                const hosts::Quotas& quotas, Tick now) {
    const auto victim = ranking_.choose_counted(original, what, quotas, now);
    return victim && end(*victim);
}

std::optional<net::Tuple> EarlyDrop::free_one(std::span<const net::Tuple> keys,
                                              hosts::HostIndex host,
                                              const policy::HolderParams& holders, Tick now) {
    const uint8_t least = ranking_.is_above_share(host) ? kAboveShare : kStale;
    std::array<flow::FlowRef, flow::kMaxBulk> found;
    for (unsigned i = 0; i < kTries; ++i) {
        std::optional<Victim> best;
        net::Tuple its_key;
        table_.find_bulk(keys, now, std::span(found).first(keys.size()));
        for (size_t k = 0; k < keys.size(); ++k) {
            if (!found[k])
                return keys[k];
            const auto victim = ranking_.judge_holder(found[k], holders, now);
            if (!victim || victim->rank.tier < least || (best && victim->rank <= best->rank))
                continue;
            best = victim;
            its_key = keys[k];
        }
        if (!best)
            return std::nullopt;
        if (end(*best))
            return its_key;
    }
    return std::nullopt;
}

bool EarlyDrop::end(const Victim& victim) {
    return victim.protecting != 0 ? end_flow(victim.index, victim.life, victim.protecting)
                                  : end_holder(victim.index, victim.life, victim.is_waiting);
}

bool EarlyDrop::end_flow(uint32_t index, flow::LifeWord life, uint8_t protecting) {
    if (!hosts_.condemn(index, table_.record(index), protecting) || !member_.kill(index, life))
        return false;
    counters_.count[Count::EarlyDropped].add(1);
    return true;
}

bool EarlyDrop::end_holder(uint32_t index, flow::LifeWord life, bool has_dependents) {
    if ((has_dependents && !end_dependents(index)) || !member_.kill(index, life))
        return false;
    counters_.count[Count::EarlyDropped].add(1);
    return true;
}

/// All that hangs on a mapping, or a contact: false where one of them has been answered meanwhile,
/// or they are not all known any more.
bool EarlyDrop::end_dependents(uint32_t holder) {
    const auto hanging = dependents_of(table_, holder);
    if (!hanging)
        return false;
    for (const uint32_t index : hanging->all()) {
        const flow::FlowRecord& record = table_.record(index);
        const flow::LifeWord life = record.life.load(std::memory_order_acquire);
        const bool has_ended =
            record.kind() == flow::Kind::Flow
                ? end_flow(index, life, conntrack::kAssured | conntrack::kSeenReply)
                : end_holder(index, life, true);
        if (!has_ended)
            return false;
    }
    return true;
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

}  // namespace sluice::nat
