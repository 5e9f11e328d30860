// SPDX-License-Identifier: BSD-3-Clause
#include "flow/deadlines.h"

#include "base/bits.h"

#include <algorithm>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace sluice::flow {
namespace {

constexpr uint32_t kBlock = 16;  // words of a cache line

uint32_t word_of(Tick now, Tick deadline) {
    const Tick latest = now + kLongestCheck;
    const Tick check = deadline.is_after(latest) ? latest : deadline;
    // 0 means "not in use"; a millisecond early is never wrong.
    return check.milliseconds != 0 ? check.milliseconds : ~uint32_t{0};
}

bool is_due(uint32_t word, Tick now) {
    return word != 0 && !Tick{word}.is_after(now);
}

/// Bits of the entries among `words` that look due. It may read a word of an instant ago: who is
/// missed by that is found in the next pass.
uint64_t due_in_block(const std::atomic<uint32_t>* words, Tick now) {
    uint64_t bits = 0;
#if defined(__SSE2__) && !defined(__SANITIZE_THREAD__)
    const __m128i now4 = _mm_set1_epi32(static_cast<int>(now.milliseconds));
    const __m128i zero = _mm_setzero_si128();
    for (unsigned part = 0; part < kBlock / 4; ++part) {
        const __m128i word4 = _mm_load_si128(reinterpret_cast<const __m128i*>(words + part * 4));
        const __m128i later = _mm_cmpgt_epi32(_mm_sub_epi32(word4, now4), zero);
        const __m128i idle = _mm_or_si128(later, _mm_cmpeq_epi32(word4, zero));
        const auto busy = static_cast<unsigned>(~_mm_movemask_ps(_mm_castsi128_ps(idle))) & 15U;
        bits |= uint64_t{busy} << (part * 4);
    }
#else
    for (unsigned i = 0; i < kBlock; ++i)
        bits |= uint64_t{is_due(words[i].load(std::memory_order_relaxed), now)} << i;
#endif
    return bits;
}

}  // namespace

// All orders are relaxed: a word says when to look at a record, nothing about its content.

void Deadlines::set(uint32_t index, Tick now, Tick deadline) {
    words_[index].store(word_of(now, deadline), std::memory_order_relaxed);
}

void Deadlines::clear(uint32_t index) {
    words_[index].store(0, std::memory_order_relaxed);
}

unsigned Deadlines::scan(uint32_t& position, uint32_t limit, Tick now, std::span<Due> due) const {
    const auto count = static_cast<uint32_t>(words_.size());
    const uint32_t end = limit < count - position ? position + limit : count;
    unsigned found = 0;
    while (position < end && found < due.size()) {
        const uint32_t block = position / kBlock * kBlock;
        const uint32_t stop = std::min(end, block + kBlock);
        uint64_t bits = 0;
        if (block + kBlock <= count)
            bits = due_in_block(&words_[block], now);
        else
            bits = low_bits(count - block);  // the last few are looked at one by one
        bits &= low_bits(stop - block) & ~low_bits(position - block);
        position = stop;
        for (SetBits left{bits}; left.bits != 0 && found < due.size();) {
            const unsigned i = left.take();
            const uint32_t word = words_[block + i].load(std::memory_order_relaxed);
            if (is_due(word, now))
                due[found++] = {block + i, word};
            if (found == due.size())
                position = block + i + 1;  // the next one comes first next time
        }
    }
    if (position == count)
        position = 0;
    return found;
}

void Deadlines::replace(const Due& due, Tick now, Tick deadline) {
    uint32_t seen = due.seen;
    words_[due.index].compare_exchange_strong(seen, word_of(now, deadline),
                                              std::memory_order_relaxed);
}

}  // namespace sluice::flow
