// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Tests of randomness, as an attacker would make them.
///
/// Shape    The bounds are five standard deviations of what chance gives; secrets are fixed in
///          tests, so that a run that passes does so again.

#include "catch.h"
#include "pool/port_range.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <set>
#include <vector>

namespace sluice::testing {

/// Chi-square of `numbers`, which are below `count`, over bins.
inline bool is_even(const std::vector<uint32_t>& numbers, uint32_t count) {
    const uint32_t bins = std::min(count, 256U);
    std::vector<double> seen(bins), size(bins);
    for (const uint32_t number : numbers)
        ++seen[uint64_t{number} * bins / count];
    for (uint32_t number = 0; number < count; ++number)
        ++size[uint64_t{number} * bins / count];
    double chi_square = 0;
    for (uint32_t bin = 0; bin < bins; ++bin) {
        const double expected = double(numbers.size()) * size[bin] / count;
        chi_square += (seen[bin] - expected) * (seen[bin] - expected) / expected;
    }
    const double freedom = bins - 1;
    return std::abs(chi_square - freedom) < 5 * std::sqrt(2 * freedom);
}

/// Of each number and the one after it.
inline double serial_correlation(const std::vector<uint32_t>& numbers) {
    double sum = 0, squares = 0, products = 0;
    const double count = double(numbers.size()) - 1;
    for (size_t i = 0; i + 1 < numbers.size(); ++i) {
        sum += numbers[i];
        squares += double(numbers[i]) * numbers[i];
        products += double(numbers[i]) * numbers[i + 1];
    }
    const double mean = sum / count;
    return (products / count - mean * mean) / (squares / count - mean * mean);
}

inline std::vector<bool> bits_of(const std::vector<uint32_t>& numbers, unsigned bit) {
    constexpr size_t kBits = 2048;
    std::vector<bool> bits;
    for (size_t i = 0; i < std::min(numbers.size(), kBits); ++i)
        bits.push_back(numbers[i] >> bit & 1);
    return bits;
}

/// The shortest linear recurrence that makes the bits (Berlekamp and Massey): of random ones half
/// as long as they are.
inline size_t linear_complexity(const std::vector<bool>& bits) {
    const size_t count = bits.size();
    std::vector<uint8_t> current(count), before(count);
    current[0] = before[0] = 1;
    size_t length = 0, since = 1;
    for (size_t i = 0; i < count; ++i) {
        uint8_t wrong = bits[i];
        for (size_t j = 1; j <= length; ++j)
            wrong ^= static_cast<uint8_t>(current[j] & bits[i - j]);
        if (wrong == 0) {
            ++since;
            continue;
        }
        const auto kept = current;
        for (size_t j = 0; j + since < count; ++j)
            current[j + since] ^= before[j];
        if (2 * length <= i) {
            length = i + 1 - length;
            before = kept;
            since = 1;
        } else {
            ++since;
        }
    }
    return length;
}

/// At least `count` different ones, none related to the one before it.
inline void check_spread(const std::vector<uint32_t>& numbers, size_t count) {
    // Of n numbers drawn among c, c (1 - e^(-n/c)) are expected to be different.
    const double among = double(count);
    const double different = among * (1 - std::exp(-double(numbers.size()) / among));
    CHECK(double(std::set<uint32_t>(numbers.begin(), numbers.end()).size()) > 0.98 * different);
    CHECK(std::abs(serial_correlation(numbers)) < 5 / std::sqrt(double(numbers.size())));
    for (unsigned bit = 0; bit < 4; ++bit)
        CHECK(linear_complexity(bits_of(numbers, bit)) > 2048 / 2 - 32);
}

/// Likewise, and all numbers of the range as often.
inline void check_random(std::vector<uint32_t> numbers, pool::PortRange range) {
    for (uint32_t& number : numbers) {
        REQUIRE(range.contains(static_cast<uint16_t>(number)));
        number -= range.first;
    }
    const uint32_t count = range.size();
    check_spread(numbers, count);
    CHECK(is_even(numbers, count));
    std::vector<uint32_t> differences;
    for (size_t i = 0; i + 1 < numbers.size(); ++i)
        differences.push_back((numbers[i + 1] + count - numbers[i]) % count);
    CHECK(is_even(differences, count));
}

}  // namespace sluice::testing
