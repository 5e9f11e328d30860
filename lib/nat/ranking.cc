// SPDX-License-Identifier: BSD-3-Clause
#include "nat/ranking.h"

#include "conntrack/status.h"
#include "flow/age.h"
#include "nat/dependents.h"
#include "nat/holders.h"

namespace sluice::nat {
namespace {

using conntrack::kAssured;
using conntrack::kSeenReply;

/// How many times its age each kind counts.
constexpr uint64_t kOfStranger = 16;
constexpr uint64_t kUnanswered = 4;

/// A mapping, or a contact, on which no flow hangs any more, or an expectation. A block is the
/// control core's to end.
bool is_idle_holder(flow::FlowRecord& record) {
    const flow::Kind kind = record.kind();
    // relaxed: killing it looks again.
    return kind != flow::Kind::Flow && kind != flow::Kind::Block &&
           record.holding().dependents.load(std::memory_order_relaxed) == 0;
}

/// For the very flow that wants in, most likely.
bool is_just_made(const flow::FlowRecord& record, Tick now) {
    return record.kind() != flow::Kind::Flow && flow::opened_at(record) == now;
}

}  // namespace

std::span<const flow::FlowRef> Ranking::near(const net::Tuple& original, Tick now) {
    const auto end = std::remove_if(
        near_.begin(), near_.begin() + table_.near(original, kNearBuckets, near_),
        [&](const flow::FlowRef ref) { return is_just_made(table_.record(ref), now); });
    return {near_.begin(), end};
}

std::optional<Victim> Ranking::choose(std::span<const flow::FlowRef> near, Tick now) const {
    std::optional<Victim> best;
    for (const flow::FlowRef flow : near)
        if (const auto victim = judge(flow.index(), now); victim)
            if (!best || victim->rank > best->rank)
                best = victim;
    return best;
}

std::optional<Victim> Ranking::choose_counted(const net::Tuple& original, const hosts::UsedUp& what,
                                              const hosts::Quotas& quotas, Tick now, uint32_t but) {
    std::optional<Victim> best;
    for (const flow::FlowRef flow : near(original, now)) {
        const flow::FlowRecord& record = table_.record(flow);
        const bool is_one = record.kind() == flow::Kind::Flow && flow.index() != but &&
                            quotas.uses(flow.index(), what, now);
        const auto victim = is_one ? judge(flow.index(), now) : std::nullopt;
        if (victim && (!best || victim->rank > best->rank))
            best = victim;
    }
    return best;
}

/// Nothing for what may not go.
std::optional<Victim> Ranking::judge(uint32_t index, Tick now) const {
    flow::FlowRecord& record = table_.record(index);
    Victim victim{index, record.life.load(std::memory_order_acquire), hosts::kNoHost, 0, {}};
    if (victim.life.life() != flow::Life::Live)
        return std::nullopt;
    const uint32_t age = flow::age_ms(flow::opened_at(record), now);
    if (record.kind() == flow::Kind::Flow) {
        // relaxed, as all of the status: to condemn it looks again.
        if ((record.status.load(std::memory_order_relaxed) & kAssured) != 0)
            return std::nullopt;
        judge_flow(record, age, victim);
        return victim;
    }
    if (!is_idle_holder(record))
        return std::nullopt;
    const bool is_proven = (record.state.load(std::memory_order_relaxed) & kProven) != 0;
    victim.rank =
        is_proven ? Rank{kKept, 0, age} : Rank{kStale, 0, kOfStranger * (uint64_t{age} + 1)};
    return victim;
}

std::optional<Victim> Ranking::judge_holder(flow::FlowRef holder,
                                            const policy::HolderParams& holders, Tick now) const {
    const flow::FlowRecord& record = table_.record(holder);
    if (holder.direction() != net::Direction::Reply || is_just_made(record, now))
        return std::nullopt;
    if (record.kind() != flow::Kind::Flow && is_resting(record, holders, now))
        return std::nullopt;
    const auto victim = judge(holder.index(), now);
    if (!victim && record.kind() == flow::Kind::Mapping)
        return judge_waiting(holder.index(), now);
    if (!victim || record.kind() != flow::Kind::Flow)
        return victim;
    const bool is_kept = net::is_by_address(record.key(net::Direction::Reply).protocol) &&
                         (hosts_.standing_of(victim->host).is_answered ||
                          (flow::opened_at(record) + kBlockTrial).is_after(now));
    return is_kept || (victim->protecting & kSeenReply) == 0 ? std::nullopt : victim;
}

/// A mapping by whose flows nobody has been answered, weighed as these are.
std::optional<Victim> Ranking::judge_waiting(uint32_t mapping, Tick now) const {
    const flow::FlowRecord& record = table_.record(mapping);
    Victim victim{
        mapping, record.life.load(std::memory_order_acquire), hosts_.host_of(mapping), 0, {}, true};
    const bool is_proven = (record.state.load(std::memory_order_relaxed) & kProven) != 0;
    if (victim.life.life() != flow::Life::Live || is_proven || !is_waiting(table_, mapping))
        return std::nullopt;
    victim.rank =
        rank_unanswered(victim.host, uint64_t{flow::age_ms(flow::opened_at(record), now)} + 1);
    return victim;
}

void Ranking::judge_flow(const flow::FlowRecord& record, uint32_t age, Victim& victim) const {
    const bool is_answered = (record.status.load(std::memory_order_relaxed) & kSeenReply) != 0;
    const bool is_inward = record.sides.enter(net::Direction::Original) == net::Side::Outside;
    victim.host = hosts_.host_of(victim.index);
    victim.protecting = is_answered ? kAssured : kAssured | kSeenReply;
    const uint64_t weighed = uint64_t{age} + 1;
    if (is_answered)
        victim.rank = {kStale, 0, weighed};
    else if (is_inward)
        victim.rank = {kStale, 0, kOfStranger * weighed};
    else
        victim.rank = rank_unanswered(victim.host, weighed);
}

/// Of what a host has opened itself.
Rank Ranking::rank_unanswered(hosts::HostIndex host, uint64_t weighed) const {
    if (is_above_share(host))
        return {kAboveShare, hosts_.half_open(host), weighed};
    const bool is_stranger = !hosts_.standing_of(host).is_answered;
    return {kStale, 0, (is_stranger ? kOfStranger : kUnanswered) * weighed};
}

}  // namespace sluice::nat
