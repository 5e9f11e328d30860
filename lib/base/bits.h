// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Sets of small numbers as the bits of a 64-bit word, a range over the bits that are set, and a
/// word's bits mixed.

#include <bit>
#include <cstdint>

namespace sluice {

/// The lowest `count` bits; count is at most 64.
constexpr uint64_t low_bits(unsigned count) {
    return count >= 64 ? ~uint64_t{0} : (uint64_t{1} << count) - 1;
}

/// Each bit of the result depends on every bit of `word`: the finaliser of MurmurHash3. No two
/// words become the same one. It keeps no secret: SipHash does.
constexpr uint64_t mix(uint64_t word) {
    word = (word ^ word >> 33) * 0xff51afd7ed558ccd;
    word = (word ^ word >> 33) * 0xc4ceb9fe1a85ec53;
    return word ^ word >> 33;
}

/// The positions of the set bits of `bits`, lowest first: `for (unsigned i : SetBits{live})`.
/// A copy is walked, so the loop may change the word that it came from.
struct SetBits {
    uint64_t bits;

    struct Iterator {
        uint64_t rest;
        constexpr unsigned operator*() const {
            return static_cast<unsigned>(std::countr_zero(rest));
        }
        constexpr Iterator& operator++() {
            rest &= rest - 1;
            return *this;
        }
        constexpr bool operator!=(const Iterator& other) const { return rest != other.rest; }
    };

    /// Takes the first out of the set, which is not empty.
    constexpr unsigned take() {
        const Iterator first{bits};
        bits &= bits - 1;
        return *first;
    }

    constexpr Iterator begin() const { return {bits}; }
    constexpr Iterator end() const { return {0}; }
};

}  // namespace sluice
