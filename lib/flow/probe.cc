// SPDX-License-Identifier: BSD-3-Clause
#include "flow/probe.h"

#include <bit>
#include <cstddef>

#if defined(__x86_64__)
// g++ 12 takes the undefined lanes in its own header for a mistake of ours (GCC bug 105593).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>
#endif

namespace sluice::flow {
namespace {

/// How many keys ahead a scan sends for their buckets again. All of them have been sent for, at
/// once, and what a CPU has no place to note then is not sent for at all.
constexpr unsigned kAhead = 8;

/// What a scan has seen of a bucket.
struct Scanned {
    const Bucket& bucket;
    MetaWord before;  // the meta word, before the scan
    unsigned match;   // bit n stands for slot n - 1
};

/// What scans mean for the tuples of a burst. Its sets stay in registers until they are told.
class Notes {
public:
    Notes(const CuckooIndex& index, Probes& probes) : index_(index), probes_(probes) {}

    /// Of tuple i, by its primary bucket. is_hinted(), whether it may be in the other, is asked of
    /// those alone that do not match.
    template <typename IsHinted>
    [[gnu::always_inline]] void add(unsigned i, const Scanned& scanned, IsHinted is_hinted) {
        const uint64_t bit = uint64_t{1} << i;
        if (scanned.match != 0) {
            const auto slot = static_cast<size_t>(std::countr_zero(scanned.match)) - 1;
            // Acquire: the record's tuples were written before its word.
            const SlotWord word = scanned.bucket.slot[slot].load(std::memory_order_acquire);
            __builtin_prefetch(&index_.record(word));
            probes_.word[i] = word;
            found_ |= bit;
        } else if (is_hinted()) {
            __builtin_prefetch(&index_.bucket(index_.secondary(index_.place(probes_.hash[i]))));
            elsewhere_ |= bit;
        } else if (scanned.bucket.meta.load(std::memory_order_acquire) != scanned.before) {
            uncertain_ |= bit;
        }
    }

    [[gnu::always_inline]] void tell() const {
        probes_.found |= found_;
        probes_.elsewhere |= elsewhere_;
        probes_.uncertain |= uncertain_;
    }

private:
    const CuckooIndex& index_;
    Probes& probes_;
    uint64_t found_ = 0;
    uint64_t elsewhere_ = 0;
    uint64_t uncertain_ = 0;
};

bool is_hinted(MetaWord meta, uint64_t hash) {
    return meta.may_be_elsewhere(static_cast<uint32_t>(hash));
}

void send_for_primaries(const CuckooIndex& index, Probes& probes, unsigned first, unsigned count) {
    for (unsigned i = first; i < first + count; ++i)
        __builtin_prefetch(&index.primary(probes.hash[i]));
}

void probe_by_words(const CuckooIndex& index, Probes& probes, unsigned count) {
    Notes notes(index, probes);
    for (unsigned i = 0; i < count; ++i) {
        if (i + kAhead < count)
            __builtin_prefetch(&index.primary(probes.hash[i + kAhead]));
        const Bucket& bucket = index.primary(probes.hash[i]);
        const uint64_t wanted = SlotWord::wanted(static_cast<uint32_t>(probes.hash[i]));
        const MetaWord before = bucket.meta.load(std::memory_order_acquire);
        unsigned match = 0;
        for (unsigned slot = 0; slot < kSlots; ++slot) {
            const SlotWord word = bucket.slot[slot].load(std::memory_order_acquire);
            match |= unsigned{(word.bits & SlotWord::kFindMask) == wanted} << (slot + 1);
        }
        notes.add(i, {bucket, before, match}, [&] { return is_hinted(before, probes.hash[i]); });
    }
    notes.tell();
}

#if defined(__x86_64__)
constexpr unsigned kSlotLanes = 0xfe;  // all but the meta word's

/// The vector load is no atomic access to the compiler: it must stay between the two loads of the
/// meta word. The CPU keeps loads in order.
[[gnu::always_inline]] inline void keep_order() {
    asm volatile("" : : : "memory");
}

/// Eight keys at a time. Beyond the burst the hashes are of no meaning, but each names a bucket.
__attribute__((target("avx512f"))) void prepare_lines(const CuckooIndex& index, Probes& probes,
                                                      unsigned first, unsigned count) {
    const __m512i buckets = _mm512_set1_epi64(index.count());
    const __m512i filter_bits = _mm512_set1_epi64(MetaWord::kFilterBits);
    const __m512i low_half = _mm512_set1_epi64(0xffff);
    const __m512i one = _mm512_set1_epi64(1);
    const __m512i visible = _mm512_set1_epi64(SlotWord::kVisible);
    for (unsigned at = first; at < first + count; at += kProbesAtOnce) {
        const __m512i hash = _mm512_load_si512(&probes.hash[at]);
        const __m512i bucket =
            _mm512_srli_epi64(_mm512_mul_epu32(_mm512_srli_epi64(hash, 32), buckets), 32);
        _mm512_store_si512(&probes.offset[at], _mm512_slli_epi64(bucket, 6));
        for (unsigned i = at; i < at + kProbesAtOnce; ++i)
            __builtin_prefetch(reinterpret_cast<const std::byte*>(&index.bucket(0)) +
                               probes.offset[i]);
        _mm512_store_si512(&probes.wanted[at],
                           _mm512_or_si512(_mm512_slli_epi64(hash, SlotWord::kTagShift), visible));
        const __m512i low = _mm512_mul_epu32(_mm512_and_si512(hash, low_half), filter_bits);
        const __m512i high =
            _mm512_mul_epu32(_mm512_and_si512(_mm512_srli_epi64(hash, 16), low_half), filter_bits);
        const __m512i bits = _mm512_or_si512(_mm512_sllv_epi64(one, _mm512_srli_epi64(low, 16)),
                                             _mm512_sllv_epi64(one, _mm512_srli_epi64(high, 16)));
        _mm512_store_si512(&probes.filter[at], bits);
    }
}

__attribute__((target("avx512f,bmi,bmi2"))) void probe_by_lines(const CuckooIndex& index,
                                                                Probes& probes, unsigned count) {
    const auto* const buckets = reinterpret_cast<const std::byte*>(&index.bucket(0));
    const __m512i mask = _mm512_set1_epi64(static_cast<int64_t>(SlotWord::kFindMask));
    Notes notes(index, probes);
    for (unsigned i = 0; i < count; ++i) {
        if (i + kAhead < count)
            __builtin_prefetch(buckets + probes.offset[i + kAhead]);
        const Bucket& bucket = *reinterpret_cast<const Bucket*>(buckets + probes.offset[i]);
        const MetaWord before = bucket.meta.load(std::memory_order_acquire);
        keep_order();
        const __m512i line = _mm512_load_si512(&bucket);
        keep_order();
        const unsigned match =
            _mm512_mask_cmpeq_epi64_mask(kSlotLanes, _mm512_and_si512(line, mask),
                                         _mm512_set1_epi64(static_cast<int64_t>(probes.wanted[i])));
        notes.add(i, {bucket, before, match},
                  [&] { return (before.bits & probes.filter[i]) == probes.filter[i]; });
    }
    notes.tell();
}

/// Four keys at a time.
__attribute__((target("avx2"))) void prepare_halves(const CuckooIndex& index, Probes& probes,
                                                    unsigned first, unsigned count) {
    constexpr unsigned kAtOnce = 4;
    static_assert(kProbesAtOnce % kAtOnce == 0);
    const __m256i buckets = _mm256_set1_epi64x(index.count());
    const __m256i visible = _mm256_set1_epi64x(SlotWord::kVisible);
    for (unsigned at = first; at < first + count; at += kAtOnce) {
        const __m256i hash = _mm256_load_si256(reinterpret_cast<const __m256i*>(&probes.hash[at]));
        const __m256i bucket =
            _mm256_srli_epi64(_mm256_mul_epu32(_mm256_srli_epi64(hash, 32), buckets), 32);
        _mm256_store_si256(reinterpret_cast<__m256i*>(&probes.offset[at]),
                           _mm256_slli_epi64(bucket, 6));
        _mm256_store_si256(reinterpret_cast<__m256i*>(&probes.wanted[at]),
                           _mm256_or_si256(_mm256_slli_epi64(hash, SlotWord::kTagShift), visible));
        for (unsigned i = at; i < at + kAtOnce; ++i)
            __builtin_prefetch(reinterpret_cast<const std::byte*>(&index.bucket(0)) +
                               probes.offset[i]);
    }
}

__attribute__((target("avx2,bmi,bmi2"))) void probe_by_halves(const CuckooIndex& index,
                                                              Probes& probes, unsigned count) {
    const auto* const buckets = reinterpret_cast<const std::byte*>(&index.bucket(0));
    const __m256i mask = _mm256_set1_epi64x(static_cast<int64_t>(SlotWord::kFindMask));
    Notes notes(index, probes);
    for (unsigned i = 0; i < count; ++i) {
        if (i + kAhead < count)
            __builtin_prefetch(buckets + probes.offset[i + kAhead]);
        const Bucket& bucket = *reinterpret_cast<const Bucket*>(buckets + probes.offset[i]);
        const __m256i wanted = _mm256_set1_epi64x(static_cast<int64_t>(probes.wanted[i]));
        const MetaWord before = bucket.meta.load(std::memory_order_acquire);
        keep_order();
        const auto* half = reinterpret_cast<const __m256i*>(&bucket);
        const __m256i low = _mm256_and_si256(_mm256_load_si256(half), mask);
        const __m256i high = _mm256_and_si256(_mm256_load_si256(half + 1), mask);
        keep_order();
        const auto bits = [](__m256i equal) __attribute__((target("avx2,bmi,bmi2"))) {
            return static_cast<unsigned>(_mm256_movemask_pd(_mm256_castsi256_pd(equal)));
        };
        const unsigned match =
            (bits(_mm256_cmpeq_epi64(low, wanted)) | bits(_mm256_cmpeq_epi64(high, wanted)) << 4) &
            kSlotLanes;
        notes.add(i, {bucket, before, match}, [&] { return is_hinted(before, probes.hash[i]); });
    }
    notes.tell();
}

#endif

}  // namespace

std::span<const Probe> supported_probes() {
#if defined(__x86_64__)
    static constexpr std::array<Probe, 3> kAll{{{send_for_primaries, probe_by_words},
                                                {prepare_halves, probe_by_halves},
                                                {prepare_lines, probe_by_lines}}};
#if defined(__SANITIZE_THREAD__)
    return std::span(kAll).first(1);  // the sanitizer knows nothing of the order of vector loads
#else
    // A virtual machine's CPU may lack either of these and have wide vectors.
    const bool has_bits = __builtin_cpu_supports("bmi") != 0 && __builtin_cpu_supports("bmi2") != 0;
    if (has_bits && __builtin_cpu_supports("avx512f") != 0)
        return kAll;
    return std::span(kAll).first(has_bits && __builtin_cpu_supports("avx2") != 0 ? 2 : 1);
#endif
#else
    static constexpr std::array<Probe, 1> kAll{{{send_for_primaries, probe_by_words}}};
    return kAll;
#endif
}

}  // namespace sluice::flow
