// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/arrivals.h"

#include "flow/publics.h"
#include "nat/holders.h"

#include <atomic>

namespace sluice::gateway {
namespace {

using flow::Fate;
using flow::FlowRecord;
using flow::InsertOutcome;
using flow::Kind;
using stats::Count;
using sync::Change;

/// Whose time was over on the way is looked at when the rest of it has come.
constexpr Duration kLeastComing = Duration::seconds(1);
/// Records whose tuples one may take: it has two.
constexpr unsigned kMostInWay = 2;

}  // namespace

unsigned Arrivals::turn(Tick now, flow::Member& member) {
    size_t done = 0;
    for (; done < kArrivalsPerTurn && has_changes(); ++done) {
        if (!walk_.is_over())
            return clear_some(member);
        apply(changes_[next_], now, member);
        ++next_;  // behind it: one that there was no memory for comes again
    }
    return static_cast<unsigned>(done);
}

unsigned Arrivals::clear_some(flow::Member& member) {
    walk_.turn(parts_.table, member,
               [this](const FlowRecord& record) { return is_before(record); });
    if (walk_.is_over()) {
        cleared_.merge(coming_);
        coming_.clear();
    }
    return 1;
}

/// It goes by an address that comes, and was there before.
bool Arrivals::is_before(const FlowRecord& record) const {
    return flow::any_public(record.tuple, record.sides, [this](Be32 address) {
        return coming_.contains(address) && !parts_.holdings.is_ours(address);
    });
}

bool Arrivals::has_changes() {
    if (next_ != changes_.size())
        return true;
    changes_.clear();
    next_ = 0;
    if (!parts_.inbox.mailbox.take(changes_))
        return false;
    look_for_coming();
    return true;
}

/// What goes by addresses that come with these changes, and have not come before, ends first.
void Arrivals::look_for_coming() {
    for (const Change& change : changes_) {
        if (change.what == Change::What::Begin)
            cleared_.clear();  // another teller, or the same one anew
        if (change.what != Change::What::Put)
            continue;
        const auto sides = net::Sides::of_bits(change.record.sides);
        flow::all_publics(change.record.tuple, sides, [this](Be32 address) {
            if (parts_.holdings.is_coming(address) && !cleared_.contains(address))
                coming_.insert(address);
            return true;
        });
    }
    if (!coming_.empty())
        walk_.begin();
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
    return open({parts_.table, parts_.hosts, parts_.quotas, member, heir,
                 [this](uint32_t link) { return own_of(link); }},
                {record, candidate, now});
}

bool Arrivals::open(const Place& place, const Told& told) {
    for (unsigned rivals = 0; rivals <= kMostInWay; ++rivals) {
        uint32_t index = 0;
        if (place.member.take({&index, 1}) == 0 || !prepare(place, index, told))
            return false;
        const flow::Insertion insertion = place.member.insert(index, told.now);
        FlowRecord& own = parts_.table.record(index);
        if (insertion.outcome == InsertOutcome::Inserted) {
            const bool is_flow = own.kind() == Kind::Flow;
            // A holder is looked at at once, as a new one is; and a flow on trial.
            const bool at_once = !is_flow || nat::is_on_trial(parts_.table, own);
            parts_.table.deadlines().set(
                index, told.now,
                at_once ? told.now : told.candidate.deadline.load(std::memory_order_relaxed));
            own_[told.record.index] = {index, own.life.load(std::memory_order_acquire)};
            counters_.count[Count::FlowsTakenOver].add(is_flow);
            return true;
        }
        // As if it had ended: what counted it takes it back. The record is not reused yet.
        parts_.quotas.ended(index, own);
        if (insertion.outcome == InsertOutcome::NoSpace ||
            !make_way(place, insertion.holder.index()))
            return false;
    }
    return false;
}

/// False where the rival stays: it goes by what this gateway uses, or others hang on it.
bool Arrivals::make_way(const Place& place, uint32_t rival) {
    const FlowRecord& record = parts_.table.record(rival);
    // Acquire: its tuples were written before it was live. It is not reused in this turn.
    const flow::LifeWord life = record.life.load(std::memory_order_acquire);
    const bool is_used = life.life() == flow::Life::Live &&
                         flow::any_public(record.tuple, record.sides, [this](Be32 address) {
                             return parts_.holdings.is_ours(address);
                         });
    return !is_used && place.member.kill(rival, life);
}

/// A public address by which it goes is to come, and none is used here, nor that of its other end.
bool Arrivals::may_come(const FlowRecord& record) const {
    const pool::Holdings& holdings = parts_.holdings;
    const auto peer = flow::peer_outside(record.tuple, record.sides);
    return !(peer && holdings.is_ours(*peer)) &&
           flow::all_publics(record.tuple, record.sides,
                             [&](Be32 address) { return !holdings.is_ours(address); }) &&
           flow::any_public(record.tuple, record.sides,
                            [&](Be32 address) { return holdings.is_coming(address); });
}

/// Nothing where it has ended since, and may be another's.
std::optional<uint32_t> Arrivals::own_of(uint32_t link) const {
    const auto own = own_.find(link - 1);
    if (own == own_.end())
        return std::nullopt;
    const auto& [index, life] = own->second;
    const bool stands = parts_.table.record(index).life.load(std::memory_order_acquire) == life;
    return stands ? std::optional(index) : std::nullopt;
}

}  // namespace sluice::gateway
