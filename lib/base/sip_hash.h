// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// SipHash: keyed functions that do not give their key to who sees their values.
///
/// Shape    SipHash-2-4 of two words, and SipHash-1-3 of one, which takes half as long: for values
///          that nobody sees, but for what they are compared by.
/// Cost     About 15 ns; that of one word half of the rounds.
/// Source   Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012.

#include <array>
#include <bit>
#include <cstdint>

namespace sluice {

using SipKey = std::array<uint64_t, 2>;

/// Of so many rounds for each word, and so many at the end.
template <unsigned kRounds, unsigned kLastRounds>
class SipState {
public:
    constexpr explicit SipState(const SipKey& key)
        : v0_(key[0] ^ 0x736f6d6570736575),
          v1_(key[1] ^ 0x646f72616e646f6d),
          v2_(key[0] ^ 0x6c7967656e657261),
          v3_(key[1] ^ 0x7465646279746573) {}

    constexpr SipState& take(uint64_t word) {
        v3_ ^= word;
        mix<kRounds>();
        v0_ ^= word;
        return *this;
    }
    /// After `bytes` in whole words. The last block is the padding: the length, nothing else.
    constexpr uint64_t value(uint64_t bytes) {
        take(bytes << 56);
        v2_ ^= 0xff;
        mix<kLastRounds>();
        return v0_ ^ v1_ ^ v2_ ^ v3_;
    }

private:
    template <unsigned kTimes>
    constexpr void mix() {
        for (unsigned i = 0; i < kTimes; ++i) {
            v0_ += v1_, v2_ += v3_;
            v1_ = std::rotl(v1_, 13) ^ v0_, v3_ = std::rotl(v3_, 16) ^ v2_;
            v0_ = std::rotl(v0_, 32);
            v2_ += v1_, v0_ += v3_;
            v1_ = std::rotl(v1_, 17) ^ v2_, v3_ = std::rotl(v3_, 21) ^ v0_;
            v2_ = std::rotl(v2_, 32);
        }
    }

    uint64_t v0_;
    uint64_t v1_;
    uint64_t v2_;
    uint64_t v3_;
};

/// SipHash-2-4 of the 16 bytes of both words, each in little-endian order.
constexpr uint64_t sip_hash(const SipKey& key, uint64_t first, uint64_t second) {
    return SipState<2, 4>(key).take(first).take(second).value(16);
}

/// SipHash-1-3 of the 8 bytes of a word.
constexpr uint64_t short_sip_hash(const SipKey& key, uint64_t word) {
    return SipState<1, 3>(key).take(word).value(8);
}

}  // namespace sluice
