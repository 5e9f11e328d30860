// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// The table's lookups: one at a time, and in bursts whose cache misses overlap.

#include "base/bits.h"
#include "flow/flow_table.h"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace sluice::flow {
namespace {

constexpr unsigned kPart = 16;  // tuples; a multiple of kProbesAtOnce
constexpr unsigned kTrackersAhead = 4;

/// Compares as two words; field by field takes three times as long.
[[gnu::always_inline]] inline bool is_same(const net::Tuple& a, const net::Tuple& b) {
    std::array<uint64_t, 2> first;
    std::array<uint64_t, 2> second;
    std::memcpy(first.data(), &a, sizeof a);
    std::memcpy(second.data(), &b, sizeof b);
    return ((first[0] ^ second[0]) | (first[1] ^ second[1])) == 0;
}

}  // namespace

/// The full key decides, then the record's own word on whether it lives. The tuples are published
/// by the slot's word; life and deadline may change at any time, so relaxed is as good as any.
bool FlowTable::is_hit(SlotWord word, const net::Tuple& tuple, Tick now) const {
    const FlowRecord& record = records_[word.index()];
    return word.is_visible() && is_same(record.key(word.direction()), tuple) &&
           record.life.load(std::memory_order_relaxed).life() == Life::Live &&
           record.deadline.load(std::memory_order_relaxed).is_after(now);
}

FlowRef FlowTable::find_at(const Place& place, const net::Tuple& tuple, Tick now) const {
    FlowRef found;
    index_.scan(place, [&](Slot&, SlotWord word) {
        if (!is_hit(word, tuple, now))
            return false;
        found = FlowRef(word.index(), word.direction());
        return true;
    });
    return found;
}

FlowRef FlowTable::find(const net::Tuple& tuple, Tick now) const {
    return find_at(index_.place(hash_(tuple)), tuple, now);
}

void FlowTable::send_for(const net::Tuple& tuple) const {
    const Place place = index_.place(hash_(tuple));
    __builtin_prefetch(&index_.bucket(place.primary), 1);
    __builtin_prefetch(&index_.bucket(place.secondary), 1);
}

/// A word with the key's tag in its secondary bucket. A hit needs no version; a miss is not
/// decided here.
SlotWord FlowTable::find_elsewhere(const Place& place) const {
    const uint64_t wanted = SlotWord::wanted(place.tag) | SlotWord::kSecondary;
    for (const Slot& slot : index_.bucket(place.secondary).slot) {
        const SlotWord word = slot.load(std::memory_order_acquire);
        if ((word.bits & SlotWord::kFindMask) == wanted)
            return word;
    }
    return {};
}

void FlowTable::find_bulk(std::span<const net::Tuple> tuples, Tick now,
                          std::span<FlowRef> refs) const {
    assert(tuples.size() == refs.size() && tuples.size() <= kMaxBulk);
    const auto count = static_cast<unsigned>(tuples.size());
    Probes probes;
    // By parts, so that the first buckets are on their way while the last keys are hashed.
    for (unsigned at = 0; at < count; at += kPart) {
        const unsigned part = std::min(kPart, count - at);
        hash_.bulk(tuples.subspan(at, part), std::span(probes.hash).subspan(at, part));
        for (unsigned i = at + part; i % kProbesAtOnce != 0; ++i)
            probes.hash[i] = 0;
        probe_.prepare(index_, probes, at, part);
    }
    probe_.scan(index_, probes, count);

    for (unsigned i : SetBits{probes.elsewhere}) {
        const SlotWord word = find_elsewhere(index_.place(probes.hash[i]));
        if (word) {
            __builtin_prefetch(&index_.record(word));
            probes.word[i] = word;
            probes.found |= uint64_t{1} << i;
        } else {
            probes.unsettled |= uint64_t{1} << i;
        }
    }
    for (unsigned i = 0; i < count; ++i)
        refs[i] = FlowRef();
    // TCP's second lines come along with the first ones, which are waited for next. Not all at
    // once: what a CPU has no place to note is not sent for at all.
    const auto send_for_tracker = [&](unsigned i) {
        if (tuples[i].protocol == net::Protocol::Tcp)
            __builtin_prefetch(index_.record(probes.word[i]).tracker.data());
    };
    SetBits later{probes.found};
    for (unsigned n = 0; n < kTrackersAhead && later.bits != 0; ++n)
        send_for_tracker(later.take());
    for (unsigned i : SetBits{probes.found}) {
        if (later.bits != 0)
            send_for_tracker(later.take());
        const SlotWord word = probes.word[i];
        if (is_hit(word, tuples[i], now))
            refs[i] = FlowRef(word.index(), word.direction());
        else
            probes.unsettled |= uint64_t{1} << i;
    }
    for (unsigned i : SetBits{probes.unsettled})
        refs[i] = find_at(index_.place(probes.hash[i]), tuples[i], now);
}

/// Among these a full table looks for a flow that may go.
unsigned FlowTable::near(const net::Tuple& tuple, unsigned buckets, std::span<FlowRef> refs) const {
    const Place place = index_.place(hash_(tuple));
    const auto at = [&](unsigned i) -> const Bucket& {
        return index_.bucket(i < buckets ? (place.primary + i) % index_.count() : place.secondary);
    };
    for (unsigned i = 0; i <= buckets; ++i)
        __builtin_prefetch(&at(i));
    unsigned found = 0;
    for (unsigned i = 0; i <= buckets; ++i)
        for (const Slot& slot : at(i).slot) {
            // Acquire: the record's tuples were written before the word.
            const SlotWord word = slot.load(std::memory_order_acquire);
            if (!word.is_visible() || found == refs.size())
                continue;
            __builtin_prefetch(&index_.record(word));
            refs[found++] = FlowRef(word.index(), word.direction());
        }
    return found;
}

}  // namespace sluice::flow
