// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Steps: what holds from one number up to the next border, found by a binary search.
///
/// Shape    Ascending borders, each with a value; the first border is 0.
/// Threads  Immutable after construction.

#include "net/prefix.h"

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace sluice::net {

inline constexpr uint32_t kNone = ~uint32_t{0};

class Steps {
public:
    /// Everywhere kNone.
    Steps() : steps_{{0, kNone}} {}

    /// From `first` on the value is this one; `first` is not below the last border.
    void add(uint32_t first, uint32_t value);

    uint32_t find(uint32_t number) const {
        const auto behind =
            std::upper_bound(steps_.begin(), steps_.end(), number,
                             [](uint32_t wanted, const Step& step) { return wanted < step.first; });
        return (behind - 1)->value;
    }

    /// The last number from this one on that has its value.
    uint32_t last_alike(uint32_t number) const;

private:
    struct Step {
        uint32_t first = 0;
        uint32_t value = kNone;
    };

    std::vector<Step> steps_;
};

/// A prefix and what it stands for.
struct Numbered {
    Prefix prefix;
    uint32_t value = 0;
};

/// For every address the value of the longest prefix that contains it; of equal prefixes the first.
/// `parents`, where it is given, gets for each element the value of the next shorter prefix around
/// it, or kNone. n log n.
Steps longest_prefix(std::span<const Numbered> prefixes, std::vector<uint32_t>* parents = nullptr);

}  // namespace sluice::net
