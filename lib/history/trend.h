// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Trend: how fast something fills, from its last levels, and how long that can go on.
///
/// Shape    The slope is the median of the slopes between all pairs of levels, so that neither a
///          burst of one reading nor a reading that came late turns it.
/// Units    Seconds of any clock that does not jump.
/// Threads  Any, one at a time.
/// Memory   kMostLevels levels.
/// Source   Theil 1950, Sen 1968.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

namespace sluice::history {

class Trend {
public:
    static constexpr size_t kMostLevels = 18;  ///< Three minutes, at one in ten seconds.
    static constexpr size_t kFewest = 3;

    void add(double seconds, double level);
    /// In a second; nothing while there are too few levels.
    std::optional<double> slope() const;
    /// Seconds until `room` is full; nothing where it does not fill, or not within a week.
    std::optional<uint32_t> full_in(double room) const;

private:
    struct Level {
        double seconds;
        double level;
    };
    std::deque<Level> levels_;
};

/// The marks that a level passes on its way to full: 80, 90 and 95 %.
class Marks {
public:
    /// The highest mark in per cent that is passed now and was not before; 0 for none. One that has
    /// been passed counts again when the level has been 5 % of the room below it.
    unsigned pass(double level, double room);

private:
    unsigned passed_ = 0;
};

}  // namespace sluice::history
