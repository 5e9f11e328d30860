// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Runs: which of many runs of numbers a number is in.
///
/// Shape    Runs may overlap: where they do, the one with the lowest value counts. Compiled into
///          runs that lie apart, in a sorted array.
/// Threads  Immutable after compile().
/// Cost     compile(): n log n. find() and next(): a binary search.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sluice::pool {

inline constexpr uint32_t kNoRun = ~uint32_t{0};

class Runs {
public:
    struct Run {
        uint64_t first = 0;
        uint64_t last = 0;  ///< Included.
        uint32_t value = kNoRun;

        constexpr bool operator==(const Run&) const = default;
    };

    /// Before compile(). `last` is less than 2^64 - 1.
    void add(uint64_t first, uint64_t last, uint32_t value) {
        runs_.push_back({first, last, value});
    }
    /// After the last add(), and before the first question.
    void compile();

    /// The value of the run that `number` is in; kNoRun for none.
    uint32_t find(uint64_t number) const {
        const Run* run = next(number);
        return run != nullptr && run->first <= number ? run->value : kNoRun;
    }
    /// The first run that does not end before `number`; null behind all of them.
    const Run* next(uint64_t number) const;

    bool is_empty() const { return runs_.empty(); }
    uint64_t lowest() const { return runs_.front().first; }
    uint64_t highest() const { return runs_.back().last; }
    size_t size() const { return runs_.size(); }

private:
    std::vector<Run> runs_;  // once compiled: ascending, apart
};

}  // namespace sluice::pool
