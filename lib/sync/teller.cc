// SPDX-License-Identifier: BSD-3-Clause
#include "sync/teller.h"

#include "flow/reading.h"
#include "sync/copying.h"

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

constexpr size_t kAtOnce = 1024;        // changes that a reading copies
constexpr unsigned kSlicesAtOnce = 64;  // so that the peer hears of this end meanwhile
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
        if (entry.kind() != Kind::Expectation && is_theirs(entry.tuple))
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
    const uint32_t end = std::min(first + kReadingSlice, params_.table.capacity());
    Tick when;
    records_ = flow::read_records(params_.table, [&] {
        const Tick now = when = params_.now();
        std::vector<Record> copies;
        for (uint32_t index = first; index < end; ++index) {
            FlowRecord& record = params_.table.record(index);
            // relaxed: copy() looks for sure.
            if (record.life.load(std::memory_order_relaxed).life() != Life::Live ||
                record.kind() != kTellingOrder[kind_])
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

bool Teller::is_theirs(const std::array<net::Tuple, 2>& tuple) const {
    return !params_.is_theirs || params_.is_theirs(tuple);
}

/// Where it is, its hosts are introduced before; it has ended where these are not known any more.
bool Teller::is_told(const Record& record, Tick when) {
    return is_wanted(record) && introduction_.learn(record, when);
}

/// Flows that go on elsewhere, if they are wanted.
bool Teller::is_wanted(const Record& record) const {
    if (!is_theirs(record.tuple))
        return false;
    if (static_cast<Kind>(record.tuple[0].kind) != Kind::Flow)
        return true;
    return goes_on_elsewhere(record) &&
           (record.status & params_.wanted_status) == params_.wanted_status;
}

/// What it hangs on has been told; else it comes with all others of its kind.
bool Teller::is_its_turn(const Record& record) const {
    const auto* const kind = std::find(kTellingOrder.begin(), kTellingOrder.end(),
                                       static_cast<Kind>(record.tuple[0].kind));
    return kind - kTellingOrder.begin() <= static_cast<ptrdiff_t>(kind_);
}

}  // namespace sluice::sync
