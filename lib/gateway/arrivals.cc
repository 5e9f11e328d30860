// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/arrivals.h"

#include <algorithm>
#include <atomic>

namespace sluice::gateway {
namespace {

using flow::Fate;
using flow::FlowRecord;
using flow::InsertOutcome;
using flow::Kind;
using net::Direction;
using stats::Count;
using sync::Change;

/// Whose time was over on the way is looked at when the rest of it has come.
constexpr Duration kLeastComing = Duration::seconds(1);
/// Records whose tuples one may take: it has two.
constexpr unsigned kMostInWay = 2;

}  // namespace

unsigned Arrivals::turn(Tick now, flow::Member& member) {
    size_t done = 0;
    for (; done < kArrivalsPerTurn; ++done) {
        if (next_ == changes_.size()) {
            changes_.clear();
            next_ = 0;
            if (!parts_.inbox.mailbox.take(changes_))
                break;
        }
        apply(changes_[next_], now, member);
        ++next_;  // behind it: one that there was no memory for comes again
    }
    return static_cast<unsigned>(done);
}

void Arrivals::apply(const Change& change, Tick now, flow::Member& member) {
    switch (change.what) {
        case Change::What::Begin:
            own_.clear();
            break;
        case Change::What::Put: {
            const bool is_taken = put(change.record, now, member);
            counters_.count[is_taken ? Count::SyncApplied : Count::SyncRefused].add(1);
            break;
        }
        case Change::What::Complete:
            own_.clear();
            parts_.inbox.taken.fetch_add(1, std::memory_order_release);
            break;
        default:
            break;
    }
}

bool Arrivals::put(const sync::Record& record, Tick now, flow::Member& member) {
    FlowRecord candidate{};
    fill(candidate, record, kLeastComing, now);
    Restoration heir(
        {parts_.table, parts_.hosts, parts_.quotas, parts_.kept, *parts_.policy, parts_.workers},
        now);
    if (!may_come(candidate) || heir.judge(candidate) != Fate::Adopted)
        return false;
    const auto own_of = [this](uint32_t link) {
        const auto own = own_.find(link - 1);
        return own == own_.end() ? std::nullopt : std::optional(own->second);
    };
    return open({parts_.table, parts_.hosts, parts_.quotas, member, heir, own_of},
                {record, candidate, now});
}

bool Arrivals::open(const Place& place, const Told& told) {
    for (unsigned rivals = 0; rivals <= kMostInWay; ++rivals) {
        uint32_t index = 0;
        if (place.member.take({&index, 1}) == 0 || !prepare(place, index, told))
            return false;
        const flow::Insertion insertion = place.member.insert(index, told.now);
        if (insertion.outcome == InsertOutcome::Inserted) {
            const Tick deadline = told.candidate.deadline.load(std::memory_order_relaxed);
            parts_.table.deadlines().set(index, told.now, deadline);
            own_[told.record.index] = index;
            if (told.candidate.kind() == Kind::Flow)
                counters_.count[Count::FlowsTakenOver].add(1);
            return true;
        }
        // As if it had ended: what counted it takes it back. The record is not reused yet.
        parts_.quotas.ended(index, parts_.table.record(index));
        if (insertion.outcome == InsertOutcome::NoSpace)
            return false;
        if (!make_way(place, told, insertion.holder.index()))
            return own_.contains(told.record.index);
    }
    return false;
}

/// False where the rival stays: it goes by what this gateway uses; or it is the same holder, on
/// which flows of an earlier attempt hang, and is the one that was told now.
bool Arrivals::make_way(const Place& place, const Told& told, uint32_t rival) {
    const FlowRecord& record = parts_.table.record(rival);
    // Acquire: its tuples were written before it was live. It is not reused in this turn.
    const flow::LifeWord life = record.life.load(std::memory_order_acquire);
    if (life.life() == flow::Life::Live && !may_come(record))
        return false;
    if (place.member.kill(rival, life))
        return true;
    if (record.kind() != Kind::Flow && record.tuple == told.candidate.tuple)
        own_[told.record.index] = rival;
    return false;
}

/// All public addresses by which it goes are to come, or are nobody's.
bool Arrivals::may_come(const FlowRecord& record) const {
    const Be32 original = record.key(Direction::Original).destination;
    const Be32 reply = record.key(Direction::Reply).destination;
    return is_coming(original) || is_coming(reply);
}

bool Arrivals::is_coming(Be32 address) const {
    return !parts_.holdings.has(address);
}

}  // namespace sluice::gateway
