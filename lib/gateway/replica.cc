// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/replica.h"

#include "conntrack/status.h"
#include "conntrack/taken_over.h"
#include "flow/journal.h"
#include "nat/holders.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <new>
#include <span>
#include <utility>

namespace sluice::gateway {
namespace {

using flow::Fate;
using flow::FlowRecord;
using flow::InsertOutcome;
using flow::Kind;
using flow::Life;
using net::Direction;
using net::Protocol;
using stats::Count;
using sync::Change;
using sync::Record;
using sync::Wish;

// relaxed: what lists read of records, each value by itself.
using std::memory_order_relaxed;

constexpr uint32_t kSlice = 4096;  ///< Records that a turn looks at.
/// Flows whose tuples one record may take: it has two.
constexpr unsigned kMostRivals = 2;

/// Directly, or by what it hangs on.
bool hangs_on(const flow::FlowTable& table, const FlowRecord& record, uint32_t holder) {
    bool hangs = false;
    record.for_each_holder([&](uint32_t index) {
        hangs = hangs || index == holder || hangs_on(table, table.record(index), holder);
    });
    return hangs;
}

}  // namespace

Replica::Replica(const Parts& parts, bool starts_active)
    : parts_(parts),
      standing_(starts_active),
      // One that begins by standing by may have found flows of a process before: they are its own.
      phase_(starts_active ? Phase::Active : Phase::Leaving),
      taking_back_(standing_, parts.notice),
      kept_alive_(parts.table),
      copies_(parts.table) {
    if (parts.table.size() != 0)
        return;
    // relaxed, all of them: no other thread is there.
    standing_.has_flows.store(false, memory_order_relaxed);
    if (!starts_active)
        return;
    standing_.is_active.store(false, memory_order_relaxed);
    standing_.wish.store(Wish::TakeBack, memory_order_relaxed);
    phase_ = Phase::Leaving;
}

unsigned Replica::turn(Tick now, flow::Member& member) {
    member_ = &member;
    const Wish wish = standing_.wish.load();
    switch (phase_) {
        case Phase::Active:
            watch_peer();
            if (wish == Wish::Standby)
                leave();
            return 0;
        case Phase::Leaving:
            if (wish == Wish::Active)
                return return_to_duty();
            return wait_for_peer(now);
        case Phase::Emptying:
            return empty(now);
        case Phase::Following:
            break;
    }
    if (wish == Wish::Active || (wish == Wish::TakeBack && !taking_back_.waits(now))) {
        become_active(now);
        return 1;
    }
    kept_alive_.turn(now);
    return follow(now, kChangesPerTurn);
}

/// Where both have been active, others may believe the one that has stepped back.
void Replica::watch_peer() {
    const bool is_active = standing_.peer.load(memory_order_relaxed) == sync::Peer::Active;
    had_quarrel_ |= peer_is_active_ && !is_active;
    peer_is_active_ = is_active;
}

/// Workers stop; whoever is in the middle of a turn ends it.
void Replica::leave() {
    // Release: as Standing has it.
    standing_.is_active.store(false, std::memory_order_release);
    grace_ = parts_.table.grace().begin();
    phase_ = Phase::Leaving;
    position_ = 0;
    kind_ = 0;
    parts_.notice("this gateway stands by: it forwards nothing");
}

/// Its flows are whole: nobody has taken them over, nor thrown them away.
unsigned Replica::return_to_duty() {
    phase_ = Phase::Active;
    standing_.has_flows.store(true, memory_order_relaxed);  // those that it will open
    standing_.is_active.store(true, std::memory_order_release);
    parts_.notice("this gateway is active again, with its own flows");
    return 1;
}

/// Its flows may be the only ones there are, until the peer forwards. Where it has none there is
/// nothing to wait for.
unsigned Replica::wait_for_peer(Tick now) {
    if (!parts_.table.grace().is_over(grace_))
        return 0;
    const bool is_active = standing_.peer.load(memory_order_relaxed) == sync::Peer::Active;
    if (!is_active && parts_.table.size() != 0)
        return 0;
    // Release: as may_tell() has it.
    standing_.has_flows.store(false, std::memory_order_release);
    standing_.own_until.store(flow::steady_now(), std::memory_order_release);
    phase_ = Phase::Emptying;
    if (parts_.table.size() == 0)
        begin_following(now);
    return 1;
}

/// A slice of a pass over all records of one kind; after the last of them it begins again, until
/// there is nothing. A holder may have been kept by what was opened while it was passed by.
unsigned Replica::empty(Tick now) {
    flow::FlowTable& table = parts_.table;
    const uint32_t end = std::min(position_ + kSlice, table.capacity());
    table.for_each_live(position_, end, [&](uint32_t index, const FlowRecord& record) {
        // Acquire: as for_each_live().
        if (record.kind() == kEndOrder[kind_])
            member_->kill(index, record.life.load(std::memory_order_acquire));
    });
    position_ = end == table.capacity() ? 0 : end;
    if (position_ == 0)
        kind_ = (kind_ + 1) % kEndOrder.size();
    if (position_ == 0 && kind_ == 0 && table.size() == 0)
        begin_following(now);
    return 1;
}

void Replica::begin_following(Tick now) {
    copies_.clear();
    drop_changes();
    has_begun_ = false;
    is_sweeping_ = false;
    kept_alive_.begin(now);
    mailbox_.clear();
    phase_ = Phase::Following;
    standing_.is_whole.store(false, memory_order_relaxed);
    standing_.is_ready.store(true, std::memory_order_release);
    // Release: who sees it finds the mailbox cleared.
    standing_.joins.fetch_add(1, std::memory_order_release);
}

/// Of those to come nothing is known, so no room has been made for their hosts.
void Replica::drop_changes() {
    changes_.clear();
    next_ = 0;
    room_ = Room::Unknown;
}

/// Takes `most` changes at most, or a slice of a sweep; returns how much there was to do.
unsigned Replica::follow(Tick now, size_t most) {
    size_t done = 0;
    bool waits = false;  // for what is in the way of a host
    while (done < most && !waits && (!is_sweeping_ || sweep())) {
        if (next_ == changes_.size()) {
            drop_changes();
            if (!mailbox_.take(changes_))
                break;
        }
        waits = !has_room_for(changes_[next_], now);
        if (waits)
            continue;
        apply(changes_[next_], now);
        ++next_;  // behind it: one that there was no memory for comes again
        ++done;
    }
    counters_.count[Count::SyncApplied].add(done);
    return static_cast<unsigned>(done) + (is_sweeping_ || waits ? 1 : 0);
}

/// What the peer has told it has no more goes, before anything that it has told after that: true
/// when it has gone, and what is here is all that the peer had.
bool Replica::sweep() {
    is_sweeping_ = !copies_.sweep(*member_, kSlice);
    if (is_sweeping_)
        return false;
    standing_.is_whole.store(true, memory_order_relaxed);
    standing_.has_flows.store(true, memory_order_relaxed);
    standing_.is_fresh.store(false, memory_order_relaxed);
    return true;
}

void Replica::apply(const Change& change, Tick now) {
    using enum Change::What;
    if (change.what == Begin) {
        has_begun_ = true;
        standing_.is_whole.store(false, memory_order_relaxed);
        copies_.begin_round();
        return;
    }
    if (change.what == Other) {
        copies_.change_teller();
        has_begun_ = false;
        standing_.is_whole.store(false, memory_order_relaxed);
    }
    if (!has_begun_)
        return;
    if (change.what == Complete) {
        copies_.begin_sweep();
        is_sweeping_ = true;
        return;
    }
    if (change.what == Name)
        return name(change, now);
    if (change.what == Put)
        return put(change.record, now);
    Twin* const twin = copies_.named(change.record.index);
    if (twin == nullptr)
        refuse();
    else if (twin->generation == change.record.generation)
        copies_.end(*twin, *member_);
}

/// Before a host is named flows that are in the way end, of all hosts that are named from there on:
/// a look at all flows is not to be had for each. Each time a slice of that; true when there is
/// room.
bool Replica::has_room_for(const Change& change, Tick now) {
    if (change.what != Change::What::Name || !has_begun_ || !parts_.ipv6 || room_ == Room::Made)
        return true;
    PeerHosts& ipv6 = *parts_.ipv6;
    if (room_ == Room::Unknown) {
        if (ipv6.vacated_by({&change, 1}).is_empty())
            return true;
        vacated_ = ipv6.vacated_by(std::span(changes_).subspan(next_));
        copies_.begin_sweep();
        room_ = Room::Ending;
    }
    const auto is_over = [this](const FlowRecord& record) { return vacated_.has(record); };
    if (room_ == Room::Ending && copies_.end_those(*member_, is_over, kSlice))
        room_ = Room::Counting;
    else if (room_ == Room::Counting && ipv6.vacated(kSlice, now))
        room_ = Room::Made;
    return room_ == Room::Made;
}

void Replica::name(const Change& change, Tick now) {
    if (!parts_.ipv6 || !parts_.ipv6->put(change.host, now))
        refuse();
}

Restoration Replica::heir(Tick now) const {
    return Restoration({parts_.table, parts_.hosts, parts_.quotas, parts_.kept, *parts_.policy,
                        parts_.workers, false, parts_.ipv6 ? &parts_.ipv6->addresses() : nullptr},
                       now);
}

void Replica::put(const Record& record, Tick now) {
    room_ = Room::Unknown;
    Twin* const named = copies_.named(record.index);
    if (named == nullptr)
        return refuse();
    Twin& twin = *named;
    FlowRecord candidate{};
    fill(candidate, record, kLeastLeft, now);
    const bool is_sound = heir(now).judge(candidate) == Fate::Adopted;
    if (is_sound && !copies_.stands(twin))
        copies_.claim(twin, record, candidate, now);
    const bool is_known = is_sound && copies_.stands(twin) &&
                          twin.generation == record.generation &&
                          parts_.table.record(twin.own - 1).tuple == candidate.tuple;
    if (is_known) {
        renew(twin, candidate, now);
        copies_.renew(twin);
    } else if (!copies_.end(twin, *member_) || !is_sound || !open(twin, {record, candidate, now})) {
        refuse();
    }
}

/// Where another flow has a tuple, that has ended at the peer, who says so in a moment: two threads
/// there have written the one's end and the other's beginning.
bool Replica::open(Twin& twin, const Told& told) {
    const Place place{parts_.table,   parts_.hosts,
                      parts_.quotas,  *member_,
                      heir(told.now), [this](uint32_t link) { return copies_.own_of(link); }};
    for (unsigned rivals = 0; rivals <= kMostRivals; ++rivals) {
        uint32_t index = 0;
        if (member_->take({&index, 1}) == 0)
            return false;
        copies_.take(index);
        if (!prepare(place, index, told))
            return false;
        const flow::Insertion insertion = member_->insert(index, told.now);
        if (insertion.outcome == InsertOutcome::Inserted) {
            parts_.table.deadlines().set(index, told.now, told.now + kLeastLeft);
            copies_.name(twin, index, told.record.generation);
            if (parts_.ipv6)
                parts_.ipv6->note(told.candidate);
            return true;
        }
        // As if it had ended: what counted it takes it back. The record is not reused yet.
        parts_.quotas.ended(index, parts_.table.record(index));
        if (insertion.outcome == InsertOutcome::NoSpace)
            return false;
        const uint32_t rival = insertion.holder.index();
        // A holder stays while others hang on it: of these, those that nobody has told again go.
        if (!member_->kill(rival, parts_.table.record(rival).life.load(std::memory_order_acquire)))
            copies_.end_strays(*member_, [&](const FlowRecord& record) {
                return &record == &parts_.table.record(rival) ||
                       hangs_on(parts_.table, record, rival);
            });
    }
    return false;
}

/// The same flow as it is now.
void Replica::renew(const Twin& twin, FlowRecord& candidate, Tick now) {
    const uint32_t index = twin.own - 1;
    FlowRecord& own = parts_.table.record(index);
    own.deadline.store(candidate.deadline.load(memory_order_relaxed), memory_order_relaxed);
    own.state.store(candidate.state.load(memory_order_relaxed), memory_order_relaxed);
    if (own.kind() != Kind::Flow) {
        own.holding().note = candidate.holding().note;
        return;
    }
    if ((candidate.status.load(memory_order_relaxed) & conntrack::kSeenReply) != 0)
        heir(now).prove(own);
    parts_.hosts.add_status(index, own, candidate.status.load(memory_order_relaxed));
    own.tracker = candidate.tracker;
    parts_.table.deadlines().set(index, now, now + kLeastLeft);
}

/// All that the peer has told is taken over first.
void Replica::become_active(Tick now) {
    standing_.is_ready.store(false, std::memory_order_release);
    const auto end_sweep = [this] {
        while (is_sweeping_ && !sweep()) {
        }
    };
    do {
        counters_.count[Count::SyncApplied].add(changes_.size() - next_);
        for (; next_ != changes_.size(); ++next_) {
            end_sweep();
            while (!has_room_for(changes_[next_], now))
                continue;
            apply(changes_[next_], now);
        }
        end_sweep();
        drop_changes();
    } while (mailbox_.take_last(changes_));
    counters_.count[Count::FlowsTakenOver].add(parts_.table.size());
    phase_ = Phase::Active;
    standing_.has_flows.store(true, memory_order_relaxed);
    standing_.own_since.store(flow::steady_now(), memory_order_relaxed);
    // Release: as is_own_at() has it.
    standing_.own_until.store(INT64_MAX, std::memory_order_release);
    standing_.is_active.store(true, std::memory_order_release);
    const bool is_whole = standing_.is_whole.load(memory_order_relaxed);
    const uint32_t count = parts_.table.size();
    parts_.notice("this gateway is active: it forwards" +
                  (count == 0 && !is_whole ? "; nobody had told it flows"
                                           : ", with " + std::to_string(count) +
                                                 " flows and holders that it took over" +
                                                 (is_whole ? "" : "; the peer had not told all")));
}

}  // namespace sluice::gateway
