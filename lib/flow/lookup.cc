// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// The table's lookups: one at a time, and in bursts whose cache misses overlap.

#include "base/bits.h"
#include "flow/flow_table.h"

#include <algorithm>
#include <cassert>

namespace sluice::flow {
namespace {

constexpr unsigned kPart = 16;  // tuples; a multiple of kProbesAtOnce
constexpr unsigned kTrackersAhead = 4;

/// A word with the key's tag in its secondary bucket. A hit needs no version; a miss is not
/// decided here.
SlotWord find_elsewhere(const CuckooIndex& index, const Place& place) {
    const uint64_t wanted = SlotWord::wanted(place.tag) | SlotWord::kSecondary;
    for (const Slot& slot : index.bucket(index.secondary(place)).slot) {
        const SlotWord word = slot.load(std::memory_order_acquire);
        if ((word.bits & SlotWord::kFindMask) == wanted)
            return word;
    }
    return {};
}

}  // namespace

FlowRef FlowTable::find_at(const Place& place, const net::Tuple& tuple, Tick now) const {
    FlowRef found;
    index_.scan(place, [&](Slot&, SlotWord word) {
        if (!word.is_visible() || !index_.record(word).meets(tuple, word.direction(), now))
            return false;
        found = FlowRef(word.index(), word.direction());
        return true;
    });
    return found;
}

FlowRef FlowTable::find(const net::Tuple& tuple, Tick now) const {
    return find(hash_(tuple), tuple, now);
}

FlowRef FlowTable::find(uint64_t hash, const net::Tuple& tuple, Tick now) const {
    return index_.may_have(hash) ? find_at(index_.place(hash), tuple, now) : FlowRef();
}

void FlowTable::guess_bulk(std::span<const net::Tuple> tuples, Probes& guesses) const {
    assert(tuples.size() <= kMaxBulk);
    const auto count = static_cast<unsigned>(tuples.size());
    guesses.found = guesses.elsewhere = guesses.uncertain = 0;
    // By parts, so that the first buckets are on their way while the last keys are hashed.
    for (unsigned at = 0; at < count; at += kPart) {
        const unsigned part = std::min(kPart, count - at);
        hash_.bulk(tuples.subspan(at, part), std::span(guesses.hash).subspan(at, part));
        for (unsigned i = at + part; i % kProbesAtOnce != 0; ++i)
            guesses.hash[i] = 0;
        probe_.prepare(index_, guesses, at, part);
    }
    probe_.scan(index_, guesses, count);

    for (unsigned i : SetBits{guesses.elsewhere}) {
        const SlotWord word = find_elsewhere(index_, index_.place(guesses.hash[i]));
        if (word) {
            __builtin_prefetch(&index_.record(word));
            guesses.word[i] = word;
            guesses.found |= uint64_t{1} << i;
        } else {
            guesses.uncertain |= uint64_t{1} << i;
        }
    }
}

FlowRef FlowTable::confirm(const Probes& guesses, unsigned i, const net::Tuple& tuple,
                           Tick now) const {
    const uint64_t bit = uint64_t{1} << i;
    if ((guesses.found & bit) != 0) {
        const SlotWord word = guesses.word[i];
        if (index_.record(word).meets(tuple, word.direction(), now))
            return FlowRef(word.index(), word.direction());
    } else if ((guesses.uncertain & bit) == 0) {
        return {};
    }
    return find_at(index_.place(guesses.hash[i]), tuple, now);
}

void FlowTable::find_bulk(std::span<const net::Tuple> tuples, Tick now,
                          std::span<FlowRef> refs) const {
    assert(tuples.size() == refs.size());
    Probes guesses;
    guess_bulk(tuples, guesses);
    // TCP's second lines come along with the first ones, which are waited for next. Not all at
    // once: what a CPU has no place to note is not sent for at all.
    const auto send_for_tracker = [&](unsigned i) {
        if (tuples[i].protocol == net::Protocol::Tcp)
            __builtin_prefetch(index_.record(guesses.word[i]).tracker.data());
    };
    SetBits later{guesses.found};
    for (unsigned n = 0; n < kTrackersAhead && later.bits != 0; ++n)
        send_for_tracker(later.take());
    for (unsigned i = 0; i < refs.size(); ++i) {
        if (later.bits != 0)
            send_for_tracker(later.take());
        refs[i] = confirm(guesses, i, tuples[i], now);
    }
}

/// Among these a full table looks for a flow that may go.
unsigned FlowTable::near(const net::Tuple& tuple, unsigned buckets, std::span<FlowRef> refs) const {
    const Place place = index_.place(hash_(tuple));
    const auto at = [&](unsigned i) -> const Bucket& {
        return index_.bucket(i < buckets ? (place.primary + i) % index_.count()
                                         : index_.secondary(place));
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
            const FlowRecord& record = index_.record(word);
            __builtin_prefetch(&record);
            __builtin_prefetch(&record.opened);  // in its other line
            refs[found++] = FlowRef(word.index(), word.direction());
        }
    return found;
}

}  // namespace sluice::flow
