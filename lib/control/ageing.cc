// SPDX-License-Identifier: BSD-3-Clause
#include "control/ageing.h"

#include "flow/age.h"
#include "nat/calls.h"

#include <rte_prefetch.h>

#include <algorithm>
#include <array>

namespace sluice::control {

using flow::Deadlines;

namespace {

constexpr size_t kBatch = 64;  ///< Records fetched at once, and then their keys' buckets.

/// A flow whose time is up.
struct Over {
    uint32_t index;
    flow::LifeWord life;
};

}  // namespace

unsigned Ageing::turn(Tick now) {
    watch_blocks(now);
    unsigned killed = 0;
    unsigned looked_at = 0;
    for (uint32_t rest = slice(now); rest > 0 && looked_at < kMaxDuePerTurn;)
        looked_at += scan(rest, now, killed);
    params_.counters.count[stats::Count::FlowsExpired].add(killed);
    return killed;
}

/// As many blocks are to be taken back as were wanted in vain of late.
void Ageing::watch_blocks(Tick now) {
    const uint64_t wanted = params_.exhaustion == nullptr ? 0 : params_.exhaustion->blocks_wanted();
    if (wanted != blocks_wanted_) {
        to_take_back_ += wanted - blocks_wanted_;
        shortage_ = now;
    } else if (shortage_ && now.ms_since(*shortage_) >= uint32_t(kBlockShortage.milliseconds)) {
        shortage_.reset();
        to_take_back_ = 0;
    }
    blocks_wanted_ = wanted;
}

/// The entries that are this turn's, so that a pass takes kAgeingPass.
uint32_t Ageing::slice(Tick now) {
    const Duration gone = last_ ? now - *last_ : kAgeingPass;
    last_ = now;
    const auto share =
        static_cast<uint64_t>(std::clamp(gone.milliseconds, 0, kAgeingPass.milliseconds));
    const uint64_t pass = static_cast<uint64_t>(kAgeingPass.milliseconds);
    return static_cast<uint32_t>((params_.table.capacity() * share + pass - 1) / pass);
}

/// One batch out of the next `entries`, which it lessens. Returns how many were due.
unsigned Ageing::scan(uint32_t& entries, Tick now, unsigned& killed) {
    std::array<Deadlines::Due, kBatch> due;
    const uint32_t from = position_;
    const unsigned count = params_.table.deadlines().scan(position_, entries, now, due);
    const uint32_t passed = (position_ == 0 ? params_.table.capacity() : position_) - from;
    entries -= std::min(entries, passed);

    for (unsigned i = 0; i < count; ++i) {
        const flow::FlowRecord& record = params_.table.record(due[i].index);
        rte_prefetch0(&record);
        rte_prefetch0(&record.opened);  // in its other line
    }
    std::array<Over, kBatch> over;
    unsigned ending = 0;
    for (unsigned i = 0; i < count; ++i)
        if (const auto life = look_at(due[i], now)) {
            params_.member.expect_kill(due[i].index);
            over[ending++] = {due[i].index, *life};
        }
    for (unsigned i = 0; i < ending; ++i)
        killed += params_.member.kill(over[i].index, over[i].life);
    return count;
}

/// The life of a flow whose time is up; any other is looked at again later. The life word is read
/// first: when the record is put to another use meanwhile, the kill fails on its generation, and
/// the postponement on the word that its new owner has written.
std::optional<flow::LifeWord> Ageing::look_at(const Deadlines::Due& due, Tick now) {
    flow::FlowRecord& record = params_.table.record(due.index);
    const flow::LifeWord life = record.life.load(std::memory_order_acquire);
    if (life.life() != flow::Life::Live)
        return std::nullopt;
    flow::limit_age(record, now);
    if (record.kind() == flow::Kind::Block) {
        look_at_block(due, life, now);
        return std::nullopt;
    }
    if (record.kind() == flow::Kind::Expectation) {
        look_at_expectation(due, life, now);
        return std::nullopt;
    }
    if (record.kind() != flow::Kind::Flow) {
        look_at_holder(due, life, now);
        return std::nullopt;
    }
    Tick end = record.deadline.load(std::memory_order_relaxed) + kUnseenBeforeKill;
    if (!end.is_after(now) || nat::is_taken_back(params_.table, record) ||
        nat::is_orphan(params_.table, record, now))
        return life;
    if (const Tick soon = now + kMasterLook; end.is_after(soon) && nat::is_call(record))
        end = soon;
    if (const Tick soon = now + kTrialLook;
        end.is_after(soon) && nat::is_on_trial(params_.table, record))
        end = soon;
    params_.table.deadlines().replace(due, now, end);
    return std::nullopt;
}

/// A mapping lives as long as flows hang on it, and is looked at in time to see to that. Where
/// outside hosts opened them all, it stands for these alone: it lets nobody else in. Its deadline
/// is the end of its rest.
void Ageing::look_at_holder(const Deadlines::Due& due, flow::LifeWord life, Tick now) {
    flow::FlowRecord& record = params_.table.record(due.index);
    const Duration hold = nat::hold_of(record, params_.policy->holders);
    // relaxed, all of it: what hangs there may change at any time.
    const uint32_t dependents = record.holding().dependents.load(std::memory_order_relaxed);
    const bool is_strangers =
        dependents != 0 && record.holding().strangers.load(std::memory_order_relaxed) == dependents;
    const Duration renewal = is_strangers ? kLeastRenewal : this->renewal();
    Tick end = record.deadline.load(std::memory_order_relaxed) + Duration{-hold.milliseconds};
    const bool is_ending = !(end - now > renewal);
    if (is_ending && dependents != 0) {
        if (is_strangers)
            record.state.fetch_or(nat::kOutlived, std::memory_order_relaxed);
        end = now + renewal + renewal;
        record.deadline.store(end + hold, std::memory_order_relaxed);
    } else if ((!(end + hold + kUnseenBeforeKill).is_after(now) ||
                nat::is_taken_back(params_.table, record)) &&
               params_.member.kill(due.index, life)) {
        params_.counters.count[stats::Count::HoldersExpired].add(1);
        return;
    }
    const Tick early = end + Duration{-renewal.milliseconds};
    const Tick late = end + hold + kUnseenBeforeKill;
    // One that rests may be revived, and needs a look before its time is up again.
    const Tick soon = late.is_after(now + renewal) ? now + renewal : late;
    const Tick next = early.is_after(now) ? early : soon;
    const bool is_soon = next.is_after(now + kTrialLook) && nat::is_on_trial(params_.table, record);
    params_.table.deadlines().replace(due, now, is_soon ? now + kTrialLook : next);
}

/// It ends with its master, with its time, or with its block that is taken back.
void Ageing::look_at_expectation(const Deadlines::Due& due, flow::LifeWord life, Tick now) {
    const flow::FlowRecord& record = params_.table.record(due.index);
    const Tick end = record.deadline.load(std::memory_order_relaxed) + kUnseenBeforeKill;
    const bool is_over = !end.is_after(now) || !nat::master_of(params_.table, record, now) ||
                         nat::is_taken_back(params_.table, record);
    if (is_over && params_.member.kill(due.index, life)) {
        params_.counters.count[stats::Count::ExpectationsExpired].add(1);
        return;
    }
    params_.table.deadlines().replace(due, now, now + kMasterLook);
}

/// Nobody else ends a block, so its end is told as its beginning is. It is new at the first look;
/// by the second one the flow that it was taken for hangs on it.
void Ageing::look_at_block(const Deadlines::Due& due, flow::LifeWord life, Tick now) {
    flow::FlowRecord& record = params_.table.record(due.index);
    // relaxed: marks that stand alone.
    const uint8_t state = record.state.load(std::memory_order_relaxed);
    if ((state & nat::kTold) == 0) {
        BlockEvent event = event_of(record);
        event.age = now - record.opened;
        record.holding().note = params_.notice ? params_.notice(event) : 0;
        // Last, as the process may end at any moment. Workers set marks of their own beside it.
        record.state.fetch_or(nat::kTold, std::memory_order_relaxed);
    } else if (params_.member.kill(due.index, life)) {  // unless something hangs on it
        params_.counters.count[stats::Count::HoldersExpired].add(1);
        BlockEvent event = event_of(record);
        event.began = record.holding().note;
        if (params_.notice)
            params_.notice(event);
        return;
    }
    judge_block(record, now);
    const bool is_closing = (record.state.load(std::memory_order_relaxed) & nat::kClosing) != 0;
    record.deadline.store(now + nat::kBlockDeadline, std::memory_order_relaxed);
    params_.table.deadlines().replace(due, now, now + (is_closing ? kClosingLook : kBlockLook));
}

/// Closes a block that nobody has answered and another waits for.
void Ageing::judge_block(flow::FlowRecord& record, Tick now) {
    const uint8_t state = record.state.load(std::memory_order_relaxed);
    const bool is_old = !(record.opened + nat::kBlockTrial).is_after(now);
    if ((state & (nat::kClosing | nat::kProven)) != 0 || !is_old || to_take_back_ == 0)
        return;
    record.state.fetch_or(nat::kClosing, std::memory_order_relaxed);
    --to_take_back_;
}

BlockEvent Ageing::event_of(const flow::FlowRecord& block) const {
    const net::Tuple& reply = block.key(net::Direction::Reply);
    return {block.key(net::Direction::Original).inside_source(),
            {reply.destination, reply.destination_port},
            params_.policy->holders.blocks.size};
}

}  // namespace sluice::control
