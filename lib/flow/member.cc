// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// What changes the table: claims of keys, ends of flows, and reuse of records after a grace
/// period. docs/flow-table.md has the protocol in order.

#include "flow/flow_table.h"

#include <algorithm>
#include <cassert>
#include <chrono>

namespace sluice::flow {
namespace {

/// So many records before its turn, what a record may have to displace is sent for.
constexpr size_t kLead = 4;

/// Only the member itself writes its counters.
void count(std::atomic<uint64_t>& counter, std::memory_order order = std::memory_order_relaxed) {
    counter.store(counter.load(std::memory_order_relaxed) + 1, order);
}

/// In place of the number of records that hang on one: it ends.
constexpr uint32_t kClosed = ~uint32_t{0};

Keys keys_of(const CuckooIndex& index, const std::array<uint64_t, 2>& hashes) {
    return {index.place(hashes[0]), index.place(hashes[1])};
}

/// Where both buckets of a key are full. `moves`: so many others have been moved for it at most.
/// Null: there is no room.
[[gnu::noinline]] Slot* claim_by_moves(CuckooIndex& index, const Place& place, SlotWord& word,
                                       unsigned& moves) {
    for (;;) {
        const Room room = make_room(index, place);
        if (!room.found)
            return nullptr;
        moves = std::max(moves, room.moves);
        if (Slot* const slot = index.claim(place, word))
            return slot;
    }
}

/// Nothing but the claim in this slot has its tag, so nothing else has its key. Where a rival takes
/// the claim away, and another word comes there, the claim does not come to stand.
bool is_alone(const CuckooIndex& index, const Place& place, SlotWord claim, const Slot* slot) {
    if (claim.in_secondary())
        return false;
    const Bucket& primary = index.bucket(place.primary);
    return !index.may_have(primary, place.tag, 1U << (slot - primary.slot.data()));
}

}  // namespace

Member::Member(FlowTable& table, MemberName name)
    : table_(table), id_(table.take_seat()), seat_(&table.seats_[id_]) {
    table_.grace_->join(id_, name.tag());
}

Member::~Member() {
    // Others' grace periods are not waited for: whoever is a member next takes the rest over.
    seat_->retired.store(0, std::memory_order_relaxed);
    retired_.hand_over([this](const Chain& chain) { table_.orphans_.put(chain); });
    table_.grace_->leave(id_);
    seat_->taken.store(false, std::memory_order_release);
}

unsigned Member::take(std::span<uint32_t> indexes) {
    auto taken = table_.free_.take(indexes);
    if (taken < indexes.size()) {
        reclaim();
        taken += table_.free_.take(indexes.subspan(taken));
    }
    for (const uint32_t index : indexes.first(taken)) {
        __builtin_prefetch(&table_.records_[index], 1);
        __builtin_prefetch(&table_.records_[index].opened, 1);  // in its other line
    }
    for (const uint32_t index : indexes.first(taken)) {
        auto& life = table_.records_[index].life;
        // Relaxed: the record is this thread's alone until its first slot word.
        const LifeWord last = life.load(std::memory_order_relaxed);
        life.store(last.next_generation().with(Life::Opening), std::memory_order_relaxed);
    }
    return taken;
}

void Member::give_back(std::span<const uint32_t> indexes) {
    Chain chain;
    for (const uint32_t index : indexes) {
        auto& life = table_.records_[index].life;
        life.store(life.load(std::memory_order_relaxed).with(Life::Free),
                   std::memory_order_relaxed);
        let_go(index);
        table_.free_.append(chain, index);
    }
    if (chain.count > 0)
        table_.free_.put(chain);
}

Keys Member::prepare(uint32_t index) const {
    std::array<uint64_t, 2> hash;
    table_.hash_.bulk(table_.records_[index].tuple, hash);
    const Keys keys = keys_of(table_.index_, hash);
    for (const Place& place : keys)
        table_.index_.send_for(place);
    return keys;
}

void Member::insert_bulk(std::span<const uint32_t> indexes, std::span<const Keys> keys, Tick now,
                         std::span<Insertion> insertions) {
    const size_t count = indexes.size();
    assert(keys.size() == count && insertions.size() == count);
    for (size_t i = 0; i < count + kLead; ++i) {
        if (i < count)
            for (const Place& place : keys[i])
                prefetch_room(table_.index_, place);
        if (i >= kLead)
            insertions[i - kLead] = insert(indexes[i - kLead], keys[i - kLead], now);
    }
}

Insertion Member::insert(uint32_t index, const std::array<uint64_t, 2>& hashes, Tick now) {
    return insert(index, keys_of(table_.index_, hashes), now);
}

Insertion Member::insert(uint32_t index, const Keys& keys, Tick now) {
    using enum InsertOutcome;
    const auto claim_of = [&](net::Direction direction) {
        const Place& place = keys[sluice::index(direction)];
        return Claim{place, &table_.records_[index].key(direction),
                     SlotWord::pending(place.tag, index, direction)};
    };
    Claim original = claim_of(net::Direction::Original);
    Claim reply = claim_of(net::Direction::Reply);
    Insertion insertion;
    const auto failed = [&](ClaimOutcome outcome, InsertOutcome taken) {
        fail(index, outcome == ClaimOutcome::Taken ? taken : NoSpace, insertion);
        return insertion;
    };

    if (const auto outcome = pend(original, now, insertion); outcome != ClaimOutcome::Held)
        return failed(outcome, OriginalTaken);
    do {
        if (const auto outcome = pend(reply, now, insertion); outcome != ClaimOutcome::Held) {
            table_.index_.clear(*original.slot, original.place, original.word);
            return failed(outcome, ReplyTaken);
        }
    } while (!stand(reply));
    while (!stand(original)) {
        // A rival with a lower index took the claim away, and may be gone itself by now.
        if (const auto outcome = pend(original, now, insertion); outcome != ClaimOutcome::Held) {
            auto& life = table_.records_[index].life;
            life.store(life.load(std::memory_order_relaxed).with(Life::Dying));
            table_.index_.erase(reply.place, index, net::Direction::Reply);
            return failed(outcome, OriginalTaken);
        }
    }
    // Before it can be ended, which is told after this then.
    if (table_.journal_->is_heard())
        tell(index, Event::Opened, now);
    auto& life = table_.records_[index].life;
    // Release: who sees the record live without a slot's word (a dump) sees its tuples too.
    life.store(life.load(std::memory_order_relaxed).with(Life::Live), std::memory_order_release);
    count(seat_->opened, std::memory_order_release);
    insertion.outcome = Inserted;
    insertion.holder = FlowRef(index, net::Direction::Original);
    return insertion;
}

/// `now` says how long the flow has left, which of one that has ended is nothing.
void Member::tell(uint32_t index, Event event, Tick now) {
    const FlowRecord& record = table_.records_[index];
    // relaxed: as lists read them.
    const bool is_counted = event == Event::Ended && record.kind() == Kind::Flow;
    const auto traffic = is_counted ? table_.accounts_.read(index) : std::nullopt;
    table_.journal_->write(id_,
                           {.tuple = record.tuple,
                            .time = steady_now(),
                            .index = index,
                            .generation = record.life.load(std::memory_order_relaxed).generation(),
                            .left = record.deadline.load(std::memory_order_relaxed) - now,
                            .event = event,
                            .state = record.state.load(std::memory_order_relaxed),
                            .status = record.status.load(std::memory_order_relaxed),
                            .owner = record.owner,
                            .is_counted = traffic.has_value(),
                            .tuning = record.sides.tuning(),
                            .traffic = traffic.value_or(BothTraffic{})});
}

/// The record was never live, so nobody but this member ends it.
void Member::fail(uint32_t index, InsertOutcome outcome, Insertion& insertion) {
    auto& life = table_.records_[index].life;
    life.store(life.load(std::memory_order_relaxed).with(Life::Dying), std::memory_order_release);
    if (outcome == InsertOutcome::NoSpace)
        count(seat_->no_space);
    retire(index);
    insertion.outcome = outcome;
}

/// Claims a slot, then looks whether the key is anywhere else. When it is, the claim is withdrawn.
/// In its callers, what is rare by itself: two of these are most of what an insert costs.
Member::ClaimOutcome Member::pend(Claim& claim, Tick now, Insertion& insertion) {
    claim.word = SlotWord{claim.word.bits & ~SlotWord::kSecondary};
    unsigned moves = 0;
    claim.slot = table_.index_.claim(claim.place, claim.word);
    if (claim.slot == nullptr) [[unlikely]] {
        claim.slot = claim_by_moves(table_.index_, claim.place, claim.word, moves);
        if (claim.slot == nullptr)
            return ClaimOutcome::NoSpace;
    }
    if (!is_alone(table_.index_, claim.place, claim.word, claim.slot) &&
        is_taken(claim, now, insertion)) {
        table_.index_.clear(*claim.slot, claim.place, claim.word);
        return ClaimOutcome::Taken;
    }
    count(seat_->keys_by_moves[moves]);
    return ClaimOutcome::Held;
}

/// Makes a pending claim live; false when a rival has taken it away.
bool Member::stand(Claim& claim) {
    SlotWord pending = claim.word;
    return claim.slot->compare_exchange_strong(pending, pending.as(SlotState::Live),
                                               std::memory_order_seq_cst);
}

/// Looks for another instance of the key, and of two that are pending lets the lower record index
/// stay.
bool Member::is_taken(const Claim& claim, Tick now, Insertion& insertion) {
    return table_.index_.scan(claim.place, [&](Slot& slot, SlotWord word) {
        if (word.index() == claim.word.index() && word.direction() == claim.word.direction())
            return false;
        const FlowRecord& record = table_.records_[word.index()];
        if (record.key(word.direction()) != *claim.tuple)
            return false;
        if (!word.is_visible() && outlasts(claim, slot, word))
            return false;
        const LifeWord life = record.life.load(std::memory_order_acquire);
        if (life.life() == Life::Dying)
            return false;
        if (life.life() == Life::Live &&
            !record.deadline.load(std::memory_order_relaxed).is_after(now)) {
            // By this member or by another it is dead now, unless others hang on it.
            const bool is_killed = kill(word.index(), life);
            insertion.expired += is_killed ? 1 : 0;
            if (is_killed || record.life.load(std::memory_order_acquire).life() != Life::Live)
                return false;
        }
        insertion.holder = FlowRef(word.index(), word.direction());
        return true;
    });
}

/// Takes a pending rival's claim away, if its index is higher. False when it stays, or has become
/// live, which `rival` then shows.
bool Member::outlasts(const Claim& claim, Slot& slot, SlotWord& rival) {
    if (rival.index() <= claim.word.index())
        return false;
    SlotWord now = rival;
    while (now == rival) {  // it may have withdrawn and come again
        if (table_.index_.clear(slot, claim.place, rival))
            return true;
        now = slot.load(std::memory_order_seq_cst);
    }
    // Live, or withdrawn by itself, or live and moved away: then the bucket has a new version, and
    // the scan shows it again.
    const bool is_live = now == rival.as(SlotState::Live);
    rival = now;
    return !is_live;
}

void Member::expect_kill(uint32_t index) const {
    (void)prepare(index);
    if (table_.ending_ != nullptr)
        table_.ending_->expect(index);
}

bool Member::kill(uint32_t index, LifeWord seen) {
    FlowRecord& record = table_.records_[index];
    if (seen.life() != Life::Live || record.life.load(std::memory_order_acquire) != seen ||
        !close(record))
        return false;
    // Sequentially consistent: a mover that misses this is seen by the erase, or sees it later.
    if (!record.life.compare_exchange_strong(seen, seen.with(Life::Dying),
                                             std::memory_order_seq_cst))
        return false;
    const auto [original, reply] = prepare(index);
    table_.index_.erase(original, index, net::Direction::Original);
    table_.index_.erase(reply, index, net::Direction::Reply);
    table_.endings_.add(record.key(net::Direction::Reply));
    if (table_.ending_ != nullptr)
        table_.ending_->ended(index, record);
    if (table_.journal_->is_heard())
        tell(index, Event::Ended, record.deadline.load(std::memory_order_relaxed));
    retire(index);
    count(seat_->ended, std::memory_order_release);
    return true;
}

bool Member::hang(uint32_t index, uint32_t holder) {
    FlowRecord& record = table_.records_[index];
    assert(!record.holder.see().has_second());
    if (!hold(holder))
        return false;
    // relaxed: nobody goes by it but who looks at what hangs there now and then.
    if (record.is_strangers())
        table_.records_[holder].holding().strangers.fetch_add(1, std::memory_order_relaxed);
    const Kind kind = table_.records_[holder].kind();
    record.hang_on(holder, kind);
    return true;
}

/// One more hangs on a holder, unless it has been closed, or is not live yet: its claim may fail.
bool Member::hold(uint32_t holder) {
    FlowRecord& record = table_.records_[holder];
    std::atomic<uint32_t>& dependents = record.holding().dependents;
    uint32_t count = dependents.load(std::memory_order_relaxed);
    do {
        if (count == kClosed)
            return false;
        // Sequentially consistent, as is close(): one of both comes first.
    } while (!dependents.compare_exchange_weak(count, count + 1));
    if (record.life.load(std::memory_order_acquire).life() == Life::Live)
        return true;
    dependents.fetch_sub(1);
    return false;
}

/// What the record hung on may end now.
void Member::let_go(uint32_t index) {
    FlowRecord& record = table_.records_[index];
    const auto release = [&](HolderLink::Seen link) {
        const auto holder = link.index();
        if (!holder)
            return;
        Holding& holding = table_.records_[*holder].holding();
        // relaxed, and first: what nothing hangs on may be another record at once.
        if (record.is_strangers())
            holding.strangers.fetch_sub(1, std::memory_order_relaxed);
        holding.dependents.fetch_sub(1);
    };
    const HolderLink::Seen first = record.holder.take();
    release(first);
    if (first.has_second())
        release(record.second_holder.take());
}

/// Nothing hangs on the record, and nothing will.
bool Member::close(FlowRecord& record) {
    if (record.kind() == Kind::Flow)
        return true;
    uint32_t none = 0;
    return record.holding().dependents.compare_exchange_strong(none, kClosed);
}

void Member::retire(uint32_t index) {
    let_go(index);
    table_.free_.append(retired_.fresh(), index);
}

/// Frees what has waited long enough, and lets what was retired since wait as one batch.
void Member::reclaim() {
    if (const Chain orphans = table_.orphans_.take_all(); !orphans.empty())
        table_.free_.join(retired_.fresh(), orphans);
    retired_.turn(*table_.grace_, [this](const Chain& chain) {
        table_.free_.for_each(chain, [this](uint32_t i) { table_.deadlines_.clear(i); });
        table_.free_.put(chain);
    });
    seat_->retired.store(retired_.fresh().count + retired_.waiting().count,
                         std::memory_order_relaxed);
}

void Member::quiescent() {
    table_.grace_->quiescent(id_);
    reclaim();
}

void Member::offline() {
    table_.grace_->offline(id_);
}

void Member::online() {
    table_.grace_->online(id_);
}

}  // namespace sluice::flow
