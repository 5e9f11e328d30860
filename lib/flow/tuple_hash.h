// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Keyed hash of tuples: nobody who does not know the secret can aim at a bucket.
///
/// Shape    64 bits from 16 bytes under a 256-bit secret that enters non-linearly: rounds of AES
///          where the CPU has them, SipHash-2-4 elsewhere.
/// Threads  Immutable after construction.
/// Cost     About 20 cycles a tuple with AES, 5 over a burst.
/// Source   FIPS 197 (one round is AESENC); Aumasson and Bernstein, "SipHash: a fast short-input
///          PRF", 2012.

#include "net/tuple.h"

#include <array>
#include <cstdint>
#include <span>

namespace sluice::flow {

class TupleHash {
public:
    enum class Kind { Fastest, Portable };

    TupleHash() = default;
    explicit TupleHash(const std::array<uint64_t, 4>& secret, Kind kind = Kind::Fastest);

    uint64_t operator()(const net::Tuple& tuple) const {
        uint64_t hash = 0;
        bulk_(*this, {&tuple, 1}, {&hash, 1});
        return hash;
    }

    /// Hashes a burst; both spans have the same size.
    void bulk(std::span<const net::Tuple> tuples, std::span<uint64_t> hashes) const {
        bulk_(*this, tuples, hashes);
    }

private:
    using Bulk = void (*)(const TupleHash&, std::span<const net::Tuple>, std::span<uint64_t>);

    static void portable(const TupleHash& self, std::span<const net::Tuple> tuples,
                         std::span<uint64_t> hashes);
#if defined(__x86_64__)
    static void aes(const TupleHash& self, std::span<const net::Tuple> tuples,
                    std::span<uint64_t> hashes);
    static void wide_aes(const TupleHash& self, std::span<const net::Tuple> tuples,
                         std::span<uint64_t> hashes);
    void derive_round_keys();
#endif

    static constexpr unsigned kRounds = 4;

    std::array<uint64_t, 4> secret_{};
    alignas(16) std::array<std::array<uint64_t, 2>, kRounds + 1> round_key_{};
    Bulk bulk_ = portable;
};

}  // namespace sluice::flow
