// SPDX-License-Identifier: BSD-3-Clause
#include "sync/copying.h"

#include "conntrack/status.h"
#include "conntrack/tracker.h"
#include "flow/age.h"
#include "net/gre.h"

#include <atomic>
#include <cstring>
#include <span>

namespace sluice::sync {
namespace {

using flow::FlowRecord;
using flow::Kind;
using flow::Life;
using flow::LifeWord;

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

static_assert(sizeof(Record::tracker) == conntrack::kTrackerBytes);

}  // namespace

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

bool goes_on_elsewhere(const Record& flow) {
    const bool is_corrected =
        (flow.status & conntrack::kHelped) != 0 && flow.tuple[0].protocol == net::Protocol::Tcp;
    return !is_corrected && !net::is_call(flow.tuple[0]);
}

}  // namespace sluice::sync
