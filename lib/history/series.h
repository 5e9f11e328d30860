// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Series: what has been counted and measured over the last day, for those who ask afterwards.
///
/// Shape    A row of numbers each ten seconds, in a ring. A column is a rate (what has been counted
///          since the row before) or a level (what there was at that moment). What is asked for is
///          gathered into steps: of a rate the mean, of a level the highest.
/// Units    Times are seconds since 1970, by the machine's clock; rates are per second. A step is
///          what falls into so many whole seconds of that clock.
/// Threads  Any, one at a time: who needs more has a lock around it.
/// Memory   kMostRows rows, taken at once, 4 bytes a number: 16 MB with kMostColumns.

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <span>
#include <vector>

namespace sluice::history {

enum class Kind : uint8_t { Rate, Level };

class Series {
public:
    static constexpr size_t kMostRows = 8640;
    static constexpr size_t kMostColumns = 450;

    /// kMostColumns at most; the rest has no place.
    explicit Series(std::vector<Kind> columns);

    /// `values` has a number for each column; more than 2^32 - 1 is that.
    void add(std::time_t end, uint32_t milliseconds, std::span<const uint64_t> values);

    struct Point {
        std::time_t begin = 0;
        std::vector<double> values;  ///< Of the columns asked for, in their order.
    };
    struct Wish {
        std::time_t since = 0;
        std::time_t step = 10;  ///< Seconds, one at least.
        std::vector<size_t> columns{};
    };
    /// Oldest first; nothing for a step without a row.
    std::vector<Point> points(const Wish& wish) const;

    size_t columns() const { return columns_.size(); }
    size_t bytes() const;

private:
    struct Row {
        std::time_t end = 0;
        uint32_t milliseconds = 0;
    };
    class Step;

    size_t oldest() const { return count_ < kMostRows ? 0 : next_; }

    std::vector<Kind> columns_;
    std::vector<Row> rows_;
    std::vector<uint32_t> values_;  // by row, then by column
    size_t next_ = 0;               // where the next row goes
    size_t count_ = 0;
};

}  // namespace sluice::history
