// SPDX-License-Identifier: BSD-3-Clause
#include "flow/tuple_hash.h"

#include "base/sip_hash.h"

#include <rte_cpuflags.h>

#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace sluice::flow {

TupleHash::TupleHash(const std::array<uint64_t, 4>& secret, Kind kind) : secret_(secret) {
#if defined(__x86_64__)
    const auto has = [](rte_cpu_flag_t flag) { return rte_cpu_get_flag_enabled(flag) == 1; };
    if (kind == Kind::Fastest && has(RTE_CPUFLAG_AES)) {
        derive_round_keys();
        bulk_ = has(RTE_CPUFLAG_VAES) && has(RTE_CPUFLAG_AVX512F) ? wide_aes : aes;
    }
#else
    (void)kind;
#endif
}

void TupleHash::portable(const TupleHash& self, std::span<const net::Tuple> tuples,
                         std::span<uint64_t> hashes) {
    for (size_t i = 0; i < tuples.size(); ++i) {
        std::array<uint64_t, 2> words;
        std::memcpy(words.data(), &tuples[i], sizeof words);
        hashes[i] = sip_hash({self.secret_[0], self.secret_[1]}, words[0], words[1]);
    }
}

#if defined(__x86_64__)
namespace {

__attribute__((target("aes"))) __m128i round_key_at(const std::array<uint64_t, 2>& key) {
    return _mm_load_si128(reinterpret_cast<const __m128i*>(key.data()));
}

}  // namespace

/// Two keys are the secret itself; the others come of it by AES, so that all are secret and none
/// is another's neighbour.
__attribute__((target("aes"))) void TupleHash::derive_round_keys() {
    const auto load = [this](unsigned at) {
        return _mm_set_epi64x(static_cast<int64_t>(secret_[at + 1]),
                              static_cast<int64_t>(secret_[at]));
    };
    const __m128i first = load(0);
    const __m128i second = load(2);
    for (unsigned i = 0; i <= kRounds; ++i) {
        __m128i key = _mm_xor_si128(first, _mm_set1_epi64x(static_cast<int64_t>(i)));
        for (unsigned round = 0; round < 6; ++round)
            key = _mm_aesenc_si128(key, round % 2 == 0 ? second : first);
        _mm_store_si128(reinterpret_cast<__m128i*>(round_key_[i].data()), key);
    }
}

__attribute__((target("aes"))) void TupleHash::aes(const TupleHash& self,
                                                   std::span<const net::Tuple> tuples,
                                                   std::span<uint64_t> hashes) {
    const __m128i key0 = round_key_at(self.round_key_[0]);
    const __m128i key1 = round_key_at(self.round_key_[1]);
    const __m128i key2 = round_key_at(self.round_key_[2]);
    const __m128i key3 = round_key_at(self.round_key_[3]);
    const __m128i key4 = round_key_at(self.round_key_[4]);
    for (size_t i = 0; i < tuples.size(); ++i) {
        __m128i state = _mm_load_si128(reinterpret_cast<const __m128i*>(&tuples[i]));
        state = _mm_xor_si128(state, key0);
        state = _mm_aesenc_si128(state, key1);
        state = _mm_aesenc_si128(state, key2);
        state = _mm_aesenc_si128(state, key3);
        state = _mm_aesenc_si128(state, key4);
        hashes[i] = static_cast<uint64_t>(_mm_cvtsi128_si64(state));
    }
}

/// Eight tuples at a time; the rest, and so a single one, go the narrow way.
__attribute__((target("avx512f,vaes"))) void TupleHash::wide_aes(const TupleHash& self,
                                                                 std::span<const net::Tuple> tuples,
                                                                 std::span<uint64_t> hashes) {
    if (tuples.size() < 8)
        return aes(self, tuples, hashes);
    const auto round_key = [&self](unsigned round) __attribute__((target("avx512f,vaes"))) {
        // Zero-masked with nothing masked: the plain form makes g++ 12 warn of its own header.
        return _mm512_maskz_broadcast_i32x4(
            0xffff,
            _mm_load_si128(reinterpret_cast<const __m128i*>(self.round_key_[round].data())));
    };
    const __m512i key0 = round_key(0);
    const __m512i key1 = round_key(1);
    const __m512i key2 = round_key(2);
    const __m512i key3 = round_key(3);
    const __m512i key4 = round_key(4);
    const __m512i low_words = _mm512_set_epi64(14, 12, 10, 8, 6, 4, 2, 0);
    size_t at = 0;
    for (; at + 8 <= tuples.size(); at += 8) {
        __m512i first = _mm512_xor_si512(_mm512_loadu_si512(&tuples[at]), key0);
        __m512i second = _mm512_xor_si512(_mm512_loadu_si512(&tuples[at + 4]), key0);
        first = _mm512_aesenc_epi128(first, key1), second = _mm512_aesenc_epi128(second, key1);
        first = _mm512_aesenc_epi128(first, key2), second = _mm512_aesenc_epi128(second, key2);
        first = _mm512_aesenc_epi128(first, key3), second = _mm512_aesenc_epi128(second, key3);
        first = _mm512_aesenc_epi128(first, key4), second = _mm512_aesenc_epi128(second, key4);
        _mm512_storeu_si512(&hashes[at], _mm512_permutex2var_epi64(first, low_words, second));
    }
    if (at < tuples.size())
        aes(self, tuples.subspan(at), hashes.subspan(at));
}
#endif

}  // namespace sluice::flow
