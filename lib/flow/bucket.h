// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Bucket: one cache line of the flow table's index, and the two kinds of 64-bit word in it.
///
/// Shape    One meta word and seven slots. A slot is 0 when empty, else one key of one record:
///          tag 32 | record 28 | direction 1 | in secondary bucket 1 | state 2.
///          Meta: version 32 | count 8 | filter 24. Count and filter are of the keys whose primary
///          bucket this is and which stand in their secondary bucket.
/// Threads  Every word changes by compare-and-swap only; docs/flow-table.md has the protocol.
/// Cost     A key whose primary bucket neither holds it nor has it in the filter costs one line.

#include "net/tuple.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <utility>

#if defined(__SSE2__) && !defined(__SANITIZE_THREAD__)
#include <emmintrin.h>
#endif

namespace sluice::flow {

/// Bit 1 is set in what a lookup sees: a copy is as good as its original.
enum class SlotState : uint8_t {
    Pending = 1,  ///< Claimed; a rival with a lower record index may still take it away.
    Live = 2,     ///< The key's place.
    Copy = 3,     ///< Written by a mover, which alone changes it; live once the original is gone.
};

/// The words of a slot as a value.
struct SlotWord {
    uint64_t bits = 0;

    static constexpr uint64_t kVisible = 2;
    static constexpr uint64_t kStateMask = 3;
    static constexpr uint64_t kSecondary = 4;
    static constexpr uint64_t kDirection = 8;
    static constexpr unsigned kIndexShift = 4;
    static constexpr unsigned kIndexBits = 28;
    static constexpr unsigned kTagShift = 32;
    /// What find compares: tag, place, and the bit that makes a word visible.
    static constexpr uint64_t kFindMask = ~uint64_t{0} << kTagShift | kSecondary | kVisible;

    /// What a visible word with `tag` has under kFindMask in the key's primary bucket.
    static constexpr uint64_t wanted(uint32_t tag) { return uint64_t{tag} << kTagShift | kVisible; }

    static constexpr SlotWord pending(uint32_t tag, uint32_t index, net::Direction direction) {
        return {uint64_t{tag} << kTagShift | uint64_t{index} << kIndexShift |
                (direction == net::Direction::Reply ? kDirection : 0) |
                static_cast<uint64_t>(SlotState::Pending)};
    }

    constexpr explicit operator bool() const { return bits != 0; }
    constexpr bool operator==(const SlotWord&) const = default;
    constexpr SlotState state() const { return static_cast<SlotState>(bits & kStateMask); }
    constexpr bool in_secondary() const { return (bits & kSecondary) != 0; }
    constexpr bool is_visible() const { return (bits & kVisible) != 0; }
    constexpr uint32_t tag() const { return static_cast<uint32_t>(bits >> kTagShift); }
    constexpr uint32_t index() const {
        return static_cast<uint32_t>(bits >> kIndexShift) & ((uint32_t{1} << kIndexBits) - 1);
    }
    constexpr net::Direction direction() const {
        return (bits & kDirection) != 0 ? net::Direction::Reply : net::Direction::Original;
    }
    constexpr SlotWord as(SlotState state) const {
        return {(bits & ~kStateMask) | static_cast<uint64_t>(state)};
    }
    constexpr SlotWord in_other_bucket() const { return {bits ^ kSecondary}; }
};

/// A bucket's version, and what of its keys stands elsewhere.
struct MetaWord {
    uint64_t bits = 0;

    static constexpr unsigned kFilterBits = 24;
    static constexpr uint64_t kFilterMask = (uint64_t{1} << kFilterBits) - 1;
    static constexpr uint64_t kCountOne = uint64_t{1} << kFilterBits;
    static constexpr uint32_t kMostElsewhere = 255;
    static constexpr uint64_t kVersionOne = uint64_t{1} << 32;

    constexpr bool operator==(const MetaWord&) const = default;
    constexpr uint32_t version() const { return static_cast<uint32_t>(bits >> 32); }
    constexpr uint32_t elsewhere() const {
        return static_cast<uint32_t>(bits >> kFilterBits) & kMostElsewhere;
    }

    /// Two bits of the filter, from a tag.
    static constexpr uint64_t filter_bits(uint32_t tag) {
        return uint64_t{1} << ((tag & 0xffff) * kFilterBits >> 16) |
               uint64_t{1} << ((tag >> 16) * kFilterBits >> 16);
    }

    /// True when a key with `tag` may stand in its secondary bucket.
    constexpr bool may_be_elsewhere(uint32_t tag) const {
        const uint64_t wanted = filter_bits(tag);
        return (bits & wanted) == wanted;
    }

    /// A new version: something moves out, or starts to stand elsewhere.
    constexpr MetaWord bumped() const { return {bits + kVersionOne}; }
    constexpr MetaWord with_elsewhere(uint32_t tag) const {
        return {((bits + kCountOne) | filter_bits(tag)) + kVersionOne};
    }
    constexpr MetaWord without_elsewhere() const {
        const uint64_t rest = bits - kCountOne;
        return {elsewhere() == 1 ? rest & ~kFilterMask : rest};
    }
};

inline constexpr unsigned kSlots = 7;

struct alignas(64) Bucket {
    std::atomic<MetaWord> meta;
    std::array<std::atomic<SlotWord>, kSlots> slot;

    /// Bits of the slots that are empty at a glance: a word that is not has a state.
    unsigned empty_slots() const { return slots_with(Half::Rest, 0); }
    /// Bits of the slots whose words have this tag. An empty one has 0.
    unsigned slots_of(uint32_t tag) const { return slots_with(Half::Tag, tag); }

    /// Bits of the slots for which is(slot) holds. All are looked at: which one is the first is
    /// chance, and to guess a branch wrong costs more than seven loads.
    template <typename Is>
    [[gnu::always_inline]] static unsigned slots_where(Is is) {
        return [&]<unsigned... i>(std::integer_sequence<unsigned, i...>) {
            return ((unsigned{is(i)} << i) | ...);
        }
        (std::make_integer_sequence<unsigned, kSlots>());
    }

private:
    enum class Half : uint8_t { Rest, Tag };  ///< Of a word: its lower 32 bits, its upper ones.

#if defined(__SSE2__) && !defined(__SANITIZE_THREAD__)
    /// The vector loads are no atomic accesses to the compiler, and must stay between those around
    /// them. The CPU reads each word of a line at once, and keeps loads behind each other and
    /// behind a locked operation: they are what sequentially consistent loads are on x86.
    unsigned slots_with(Half half, uint32_t value) const {
        asm volatile("" : : : "memory");
        const auto* const pairs = reinterpret_cast<const __m128i*>(this);
        const __m128i wanted = _mm_set1_epi32(static_cast<int>(value));
        const auto four = [&](unsigned at) {
            const __m128 first = _mm_castsi128_ps(_mm_load_si128(pairs + at));
            const __m128 second = _mm_castsi128_ps(_mm_load_si128(pairs + at + 1));
            const __m128 halves = half == Half::Tag
                                      ? _mm_shuffle_ps(first, second, _MM_SHUFFLE(3, 1, 3, 1))
                                      : _mm_shuffle_ps(first, second, _MM_SHUFFLE(2, 0, 2, 0));
            return static_cast<unsigned>(_mm_movemask_ps(
                _mm_castsi128_ps(_mm_cmpeq_epi32(_mm_castps_si128(halves), wanted))));
        };
        const unsigned words = four(0) | four(2) << 4;
        asm volatile("" : : : "memory");
        return words >> 1;  // the first word is no slot
    }
#else
    unsigned slots_with(Half half, uint32_t value) const {
        const unsigned shift = half == Half::Tag ? SlotWord::kTagShift : 0;
        return slots_where([&](unsigned i) {
            const SlotWord word = slot[i].load(std::memory_order_seq_cst);
            return static_cast<uint32_t>(word.bits >> shift) == value;
        });
    }
#endif
};

static_assert(sizeof(Bucket) == 64, "a bucket is one cache line");
static_assert(std::atomic<SlotWord>::is_always_lock_free &&
              std::atomic<MetaWord>::is_always_lock_free);

}  // namespace sluice::flow
