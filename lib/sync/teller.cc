// SPDX-License-Identifier: BSD-3-Clause
#include "sync/teller.h"

#include "conntrack/status.h"
#include "flow/age.h"
#include "flow/reading.h"
#include "net/gre.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <optional>
#include <span>
#include <utility>

namespace sluice::sync {
namespace {

using flow::Event;
using flow::FlowRecord;
using flow::Kind;
using flow::Life;
using flow::LifeWord;

constexpr uint32_t kSlice = 4096;       // records that a reading looks at
constexpr size_t kAtOnce = 1024;        // changes that a reading copies
constexpr unsigned kSlicesAtOnce = 64;  // so that the peer hears of this end meanwhile
/// What others hang on comes first.
constexpr std::array kOrder{Kind::Block, Kind::Mapping, Kind::Contact, Kind::Flow};

/// Word by word, for its owner may write there meanwhile. Each word by itself is as it was at some
/// moment; who takes it over goes only by what a handshake has fixed (numbers of windows do not
/// count there), and judges it all.
void copy_words(std::span<const std::byte> from, std::byte* to) {
    for (size_t at = 0; at < from.size(); at += sizeof(uint32_t)) {
        auto* place = reinterpret_cast<uint32_t*>(const_cast<std::byte*>(from.data() + at));
        // relaxed: no other memory is learned of by it.
        const uint32_t word = std::atomic_ref(*place).load(std::memory_order_relaxed);
        std::memcpy(to + at, &word, sizeof word);
    }
}

int64_t note_of(FlowRecord& record) {
    // relaxed: the control core's own, written once.
    return std::atomic_ref(record.holding().note).load(std::memory_order_relaxed);
}

uint32_t bits_of(std::optional<uint32_t> index) {
    return index ? *index + 1 : 0;
}

/// The record as it is now; nothing when it does not live. Within a reading: it is not put to
/// another use meanwhile.
std::optional<Record> copy(FlowRecord& record, uint32_t index, Tick now) {
    // Acquire: the tuples were written before the record became live.
    const LifeWord life = record.life.load(std::memory_order_acquire);
    if (life.life() != Life::Live || record.kind() == Kind::Expectation)
        return std::nullopt;
    Record copied;
    copied.tuple = record.tuple;
    copied.index = index;
    copied.generation = life.generation();
    const flow::HolderLink::Seen first = record.holder.see();
    copied.holder = bits_of(first.index());
    if (first.has_second())
        copied.second_holder = bits_of(record.second_holder.see().index());
    // relaxed, all of them: as lists read them.
    copied.left = (record.deadline.load(std::memory_order_relaxed) - now).milliseconds;
    copied.age = flow::age_ms(flow::opened_at(record), now);
    copied.owner = record.owner;
    copied.state = record.state.load(std::memory_order_relaxed);
    copied.status = record.status.load(std::memory_order_relaxed);
    copied.sides = net::Sides(record.sides).bits();
    if (record.kind() == Kind::Flow)
        copy_words(record.tracker, copied.tracker.data());
    else
        copied.note = note_of(record);
    return copied;
}

}  // namespace

Teller::Teller(TellerParams params)
    : params_(std::move(params)), reader_(params_.table.journal()), introduction_(params_.ipv6) {}

bool Teller::turn(Outgoing& out, size_t room) {
    const size_t before = out.size();
    listen();
    for (unsigned slice = 0; slice < kSlicesAtOnce && out.size() < room; ++slice) {
        if (!has_begun_)
            start(out);
        const bool has_changes = tell_changes(out, room);
        // What others hang on may wait there, so the walk waits too.
        if (!waiting_.empty() || (is_whole() ? !has_changes : !tell_slice(out)))
            break;
        listen();
    }
    return out.size() != before || !is_whole();
}

/// The journal says nothing twice, and its rings are small. What is read while this gateway may not
/// tell is no end of a flow.
void Teller::listen() {
    entries_.clear();
    reader_.read(entries_);
    if (!params_.may_tell())
        return;
    uint64_t lost = reader_.take_lost();
    if (waiting_.size() + entries_.size() > kMostWaiting)
        lost += waiting_.size() + entries_.size();
    if (lost != 0) {
        lost_ += lost;
        // All is told again, what has been read too: what is not there any more is not told then.
        waiting_.clear();
        has_begun_ = false;
        kind_ = 0;
        return;
    }
    for (const flow::JournalEntry& entry : entries_)
        if (entry.kind() != Kind::Expectation)
            waiting_.push_back({entry.index, entry.generation, entry.event == Event::Ended});
}

void Teller::start(Outgoing& out) {
    has_begun_ = true;
    kind_ = 0;
    next_ = 0;
    ++resyncs_;
    out.begin();
}

/// The first so many of those that wait; nothing of what has ended. Within a reading.
std::vector<std::optional<Record>> Teller::copy_waiting(size_t count, Tick now) const {
    std::vector<std::optional<Record>> copies;
    for (size_t i = 0; i < count; ++i)
        copies.push_back(waiting_[i].has_ended ? std::nullopt
                                               : copy(params_.table.record(waiting_[i].index),
                                                      waiting_[i].index, now));
    return copies;
}

/// As far as there is room. True when there was something.
bool Teller::tell_changes(Outgoing& out, size_t room) {
    const bool has_changes = !waiting_.empty();
    while (!waiting_.empty() && out.size() < room) {
        const size_t count = std::min(kAtOnce, waiting_.size());
        Tick when;
        auto copied = flow::read_records(params_.table,
                                         [&] { return copy_waiting(count, when = params_.now()); });
        for (std::optional<Record>& record : copied)
            if (record && !(is_its_turn(*record) && is_told(*record, when)))
                record.reset();
        introduction_.tell(out);
        for (size_t i = 0; i < count; ++i)
            tell(out, waiting_[i], copied[i]);
        waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<ptrdiff_t>(count));
    }
    return has_changes;
}

void Teller::tell(Outgoing& out, const Changed& change, const std::optional<Record>& copied) {
    if (change.has_ended)
        out.add(End{change.index, change.generation});
    else if (copied)
        out.add(*copied);
    else
        return;
    ++told_;
}

/// False when this gateway has stepped back: what it throws away then is not all that it had.
bool Teller::tell_slice(Outgoing& out) {
    const uint32_t first = next_;
    const uint32_t end = std::min(first + kSlice, params_.table.capacity());
    Tick when;
    records_ = flow::read_records(params_.table, [&] {
        const Tick now = when = params_.now();
        std::vector<Record> copies;
        for (uint32_t index = first; index < end; ++index) {
            FlowRecord& record = params_.table.record(index);
            // relaxed: copy() looks for sure.
            if (record.life.load(std::memory_order_relaxed).life() != Life::Live ||
                record.kind() != kOrder[kind_])
                continue;
            if (const auto copied = copy(record, index, now))
                copies.push_back(*copied);
        }
        return copies;
    });
    if (!params_.may_tell())
        return false;
    std::erase_if(records_, [&](const Record& record) { return !is_told(record, when); });
    introduction_.tell(out);
    for (const Record& record : records_)
        out.add(record);
    told_ += records_.size();
    next_ = end;
    if (end != params_.table.capacity())
        return true;
    next_ = 0;
    if (++kind_ == kKinds) {
        out.complete();
        completed_ = out.sequence();
    }
    return true;
}

/// Where it is, its hosts are introduced before; it has ended where these are not known any more.
bool Teller::is_told(const Record& record, Tick when) {
    return is_wanted(record) && introduction_.learn(record, when);
}

/// Of a helped TCP flow only its helper knows the numbers, and a call ends with such a one.
bool Teller::is_wanted(const Record& record) const {
    if (static_cast<Kind>(record.tuple[0].kind) != Kind::Flow)
        return true;
    const bool is_corrected =
        (record.status & conntrack::kHelped) != 0 && record.tuple[0].protocol == net::Protocol::Tcp;
    return !is_corrected && !net::is_call(record.tuple[0]) &&
           (record.status & params_.wanted_status) == params_.wanted_status;
}

/// What it hangs on has been told; else it comes with all others of its kind.
bool Teller::is_its_turn(const Record& record) const {
    const auto* const kind =
        std::find(kOrder.begin(), kOrder.end(), static_cast<Kind>(record.tuple[0].kind));
    return kind - kOrder.begin() <= static_cast<ptrdiff_t>(kind_);
}

}  // namespace sluice::sync
