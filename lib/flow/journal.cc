// SPDX-License-Identifier: BSD-3-Clause
#include "flow/journal.h"

#include <algorithm>
#include <bit>
#include <cstdlib>

namespace sluice::flow {

Journal::~Journal() {
    for (Ring& ring : rings_)
        std::free(ring.entries.load(std::memory_order_relaxed));
}

/// Zeroed pages, none of which is taken before it is written: calloc() gets them from the kernel.
/// A ring that has memory keeps it.
void Journal::take_memory() {
    const std::lock_guard lock(memory_);
    for (Ring& ring : rings_)
        if (ring.entries.load(std::memory_order_relaxed) == nullptr)
            // Release: its thread sees zeroed words.
            ring.entries.store(static_cast<Words*>(allocate_(kEntries, sizeof(Words))),
                               std::memory_order_release);
}

bool Journal::lacks_memory() const {
    // relaxed: take_memory() looks for sure.
    return std::any_of(rings_.begin(), rings_.end(), [](const Ring& ring) {
        return ring.entries.load(std::memory_order_relaxed) == nullptr;
    });
}

void Journal::write(unsigned seat, const JournalEntry& entry) {
    Ring& ring = rings_[seat];
    Words* const entries = ring.entries.load(std::memory_order_acquire);
    // relaxed: written by this thread alone, or by the one that had the seat before.
    const uint64_t number = ring.written.load(std::memory_order_relaxed);
    ring.begun.store(number + 1, std::memory_order_relaxed);
    if (entries == nullptr) {
        // relaxed: who sees `written` raised sees this.
        ring.unkept.store(number + 1, std::memory_order_relaxed);
        ring.written.store(number + 1, std::memory_order_release);
        return;
    }
    const auto words = std::bit_cast<std::array<uint64_t, kWords>>(entry);
    for (size_t i = 0; i < kWords; ++i)
        // Release: who reads the word sees `begun`.
        entries[number % kEntries][i].store(words[i], std::memory_order_release);
    ring.written.store(number + 1, std::memory_order_release);
}

Journal::Reader::Reader(Journal& journal) : journal_(journal), next_(journal.rings_.size()) {
    journal.take_memory();
    for (size_t seat = 0; seat < next_.size(); ++seat)
        next_[seat] = journal.rings_[seat].written.load(std::memory_order_acquire);
    journal.readers_.fetch_add(1, std::memory_order_relaxed);
}

Journal::Reader::~Reader() {
    journal_.readers_.fetch_sub(1, std::memory_order_relaxed);
}

void Journal::Reader::read(std::vector<JournalEntry>& entries) {
    if (journal_.lacks_memory())
        journal_.take_memory();
    const auto first = static_cast<ptrdiff_t>(entries.size());
    for (unsigned seat = 0; seat < next_.size(); ++seat)
        read_ring(seat, entries);
    std::stable_sort(entries.begin() + first, entries.end(),
                     [](const JournalEntry& a, const JournalEntry& b) { return a.time < b.time; });
}

void Journal::Reader::skip() {
    for (size_t seat = 0; seat < next_.size(); ++seat) {
        const uint64_t end = journal_.rings_[seat].written.load(std::memory_order_acquire);
        lost_ += end - std::exchange(next_[seat], end);
    }
}

void Journal::Reader::read_ring(unsigned seat, std::vector<JournalEntry>& entries) {
    const Ring& ring = journal_.rings_[seat];
    uint64_t& next = next_[seat];
    const uint64_t end = ring.written.load(std::memory_order_acquire);
    // relaxed: what of `end` is not kept was said before it was raised.
    const uint64_t unkept = std::min(end, ring.unkept.load(std::memory_order_relaxed));
    if (next < unkept) {
        lost_ += unkept - next;
        next = unkept;
    }
    // Null only where nothing is left to read: who wrote that has seen it.
    const Words* const words = ring.entries.load(std::memory_order_acquire);
    if (end - next > kEntries) {
        lost_ += end - next - kEntries;
        next = end - kEntries;
    }
    for (; next != end; ++next) {
        std::array<uint64_t, kWords> copy;
        for (size_t i = 0; i < kWords; ++i)
            copy[i] = words[next % kEntries][i].load(std::memory_order_acquire);
        // relaxed: a word of a newer entry, if one was read, was acquired before this.
        if (ring.begun.load(std::memory_order_relaxed) - next > kEntries)
            ++lost_;
        else
            entries.push_back(std::bit_cast<JournalEntry>(copy));
    }
}

}  // namespace sluice::flow
