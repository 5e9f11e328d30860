// SPDX-License-Identifier: BSD-3-Clause
#include "flow/adoption.h"

#include <algorithm>
#include <new>

namespace sluice::flow {
namespace {

// All orders are relaxed: nobody else is there.
constexpr auto kAlone = std::memory_order_relaxed;

Life life_of(const FlowRecord& record) {
    return record.life.load(kAlone).life();
}

/// The place of a kind of holders in the order of their adoption.
constexpr size_t place_of(Kind kind) {
    constexpr std::array kPlaces{size_t{3}, size_t{1}, size_t{2}, size_t{0}};
    return kPlaces[static_cast<size_t>(kind)];
}
static_assert(place_of(Kind::Block) < place_of(Kind::Mapping));
static_assert(place_of(Kind::Mapping) < place_of(Kind::Contact));
static_assert(place_of(Kind::Contact) < place_of(Kind::Flow));

}  // namespace

Adoption::Adoption(FlowTable& table, Heir& heir, Tick now, uint32_t most_of_batch)
    : table_(table),
      heir_(heir),
      now_(now),
      member_(table),
      seat_(table.seats_[table.take_seat()]),
      batch_({&table.record(0), table.capacity()}, std::min(most_of_batch, table.capacity())),
      waiting_(table.capacity()) {}

Adoption::~Adoption() {
    seat_.taken.store(false, std::memory_order_release);
}

Adoption::Tally Adoption::run() {
    // The pool has had all records until now. What is retired from here on has its place in a chain
    // of those, by the same links.
    table_.free_.take_all();
    sort_out();
    flush();
    adopt_holders();
    adopt_flows();
    end_idle_holders();
    free_the_rest();
    return tally_;
}

/// Decides on all records by themselves. Those that stay are live after that, all others free. The
/// first flows, as long as they hang on nothing, go into the index with that.
void Adoption::sort_out() {
    for (uint32_t index = 0; index < table_.capacity(); ++index)
        sort_out(index);
}

void Adoption::sort_out(uint32_t index) {
    FlowRecord& record = table_.record(index);
    if (life_of(record) != Life::Live)
        return release(index);
    const Fate fate = heir_.judge(record);
    const bool is_flow = record.kind() == Kind::Flow;
    if (fate != Fate::Adopted && (is_flow || fate != Fate::Expired))
        return discard(index, fate);
    if (is_flow) {
        if (table_.accounts_.is_on())
            table_.accounts_.settle(index);
        return wait_or_add(index);
    }
    // What hangs on it is counted as it comes.
    const int64_t note = record.holding().note;
    new (record.tracker.data()) Holding;
    record.holding().note = note;
    holders_[place_of(record.kind())].push_back(index);
    if (fate == Fate::Expired)
        expired_.push_back(index);
}

/// The first flow that hangs on something waits until all holders are there, and with it those
/// behind it: of two with one key the first is to stay.
void Adoption::wait_or_add(uint32_t index) {
    if (waiting_ == table_.capacity() && table_.record(index).holder.see().bits != 0)
        waiting_ = index;
    if (waiting_ == table_.capacity())
        add(index);
}

void Adoption::discard(uint32_t index, Fate fate) {
    ++tally_.fates[fate];
    release(index);
}

/// The record is free, and hangs on nothing: what is taken hangs on nothing yet.
void Adoption::release(uint32_t index) {
    FlowRecord& record = table_.record(index);
    record.holder.take();
    record.second_holder.take();
    record.life.store(record.life.load(kAlone).with(Life::Free), kAlone);
    table_.free_.append(spare_, index);
}

void Adoption::adopt_holders() {
    for (const std::vector<uint32_t>& kind : holders_) {
        for (const uint32_t index : kind)
            add(index);
        flush();
    }
}

/// Those that wait.
void Adoption::adopt_flows() {
    for (uint32_t index = waiting_; index < table_.capacity(); ++index) {
        const FlowRecord& record = table_.record(index);
        if (life_of(record) == Life::Live && record.kind() == Kind::Flow)
            add(index);
    }
    flush();
}

/// A record that was found live goes into the index, if what it hangs on is there.
void Adoption::add(uint32_t index) {
    FlowRecord& record = table_.record(index);
    if (!is_held(record))
        return discard(index, Fate::Unheld);
    record.for_each_holder([&](uint32_t index) {
        Holding& holding = table_.record(index).holding();
        holding.dependents.fetch_add(1, kAlone);
        holding.strangers.fetch_add(record.is_strangers() ? 1 : 0, kAlone);
    });
    const Tick look = record.kind() == Kind::Flow ? record.deadline.load(kAlone) : now_;
    table_.deadlines().set(index, now_, look);
    if (batch_.add(index, table_.hasher()))
        return;
    flush();
    if (!batch_.add(index, table_.hasher()))  // there is no memory for a batch
        insert(index);
}

/// A live holder of a kind that comes before the record's own. All of those have been decided on.
bool Adoption::is_holder_of(std::optional<uint32_t> holder, const FlowRecord& record) const {
    if (!holder || *holder >= table_.capacity())
        return false;
    const FlowRecord& other = table_.record(*holder);
    return life_of(other) == Life::Live && place_of(other.kind()) < place_of(record.kind());
}

/// The links are as hang() would have set them, to holders that are there.
bool Adoption::is_held(const FlowRecord& record) const {
    const HolderLink::Seen first = record.holder.see();
    if (first.bits == 0)
        return !record.is_looked_into();
    if (!is_holder_of(first.index(), record))
        return false;
    FlowRecord expected{};
    expected.hang_on(*first.index(), table_.record(*first.index()).kind());
    if (first.has_second()) {
        const HolderLink::Seen second = record.second_holder.see();
        if (!is_holder_of(second.index(), record))
            return false;
        expected.hang_on(*second.index(), table_.record(*second.index()).kind());
        if (expected.second_holder.see().bits != second.bits)
            return false;
    }
    return expected.holder.see().bits == first.bits &&
           expected.is_looked_into() == record.is_looked_into();
}

/// All at once, if they can be put so: else each by itself, in the order in which they came.
void Adoption::flush() {
    if (batch_.size() == 0)
        return;
    KeyBatch::Moves moves{};
    if (!batch_.put(table_.index_, moves))
        return insert_each();
    count_put(moves);
    const size_t count = batch_.size();
    for (size_t i = 0; i < count + 2 * kLead; ++i) {
        if (i < count)
            heir_.send_for_first(table_.record(batch_.record(i)));
        if (i >= kLead && i < count + kLead)
            heir_.send_for_next(table_.record(batch_.record(i - kLead)));
        if (i >= 2 * kLead)
            take(batch_.record(i - 2 * kLead));
    }
    batch_.clear();
}

/// As a member counts what it inserts.
void Adoption::count_put(const KeyBatch::Moves& moves) {
    const auto add = [](std::atomic<uint64_t>& counter, uint64_t more) {
        counter.store(counter.load(kAlone) + more, kAlone);
    };
    for (size_t i = 0; i < moves.size(); ++i)
        add(seat_.keys_by_moves[i], moves[i]);
    add(seat_.opened, batch_.size());
}

void Adoption::insert_each() {
    for (size_t i = 0; i < batch_.size(); ++i)
        insert(batch_.record(i));
    batch_.clear();
}

/// What cannot be inserted is retired by that, and let go from what it hung on.
void Adoption::insert(uint32_t index) {
    const InsertOutcome outcome = member_.insert(index, now_).outcome;
    if (outcome == InsertOutcome::Inserted)
        take(index);
    else
        ++tally_.fates[outcome == InsertOutcome::NoSpace ? Fate::NoRoom : Fate::Twice];
}

void Adoption::take(uint32_t index) {
    FlowRecord& record = table_.record(index);
    ++tally_.fates[Fate::Adopted];
    tally_.flows += record.kind() == Kind::Flow;
    heir_.adopted(index, record);
}

/// Those on which others hang live on, as they had done if the control core had looked in time.
void Adoption::end_idle_holders() {
    std::stable_sort(expired_.begin(), expired_.end(), [this](uint32_t one, uint32_t other) {
        return place_of(table_.record(one).kind()) > place_of(table_.record(other).kind());
    });
    for (const uint32_t index : expired_) {
        if (!member_.kill(index, table_.record(index).life.load(kAlone)))
            continue;  // or it was not inserted
        ++tally_.fates[Fate::Expired];
        --tally_.fates[Fate::Adopted];
    }
}

/// What this member has retired comes to the pool after a grace period, as ever.
void Adoption::free_the_rest() {
    if (!spare_.empty())
        table_.free_.put(spare_);
}

}  // namespace sluice::flow
