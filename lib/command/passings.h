// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Passings: the flow table, or the ports of an address toward a destination, have become 80, 90
/// or 95 % full; for those who follow what happens.
///
/// Shape    The last kMostKept, each with a number, one more than that of the one before. A
///          follower asks for those behind the last that it has seen.
/// Threads  Any.
/// Memory   kMostKept; an older one than these is forgotten, whoever has not read it.

#include "command/subject.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

namespace sluice::command {

class Passings {
public:
    static constexpr size_t kMostKept = 64;

    void add(Passing passing);
    /// Oldest first.
    std::vector<Passing> since(uint64_t number) const;
    /// Of the last; 0 where there has been none.
    uint64_t last() const;

private:
    mutable std::mutex mutex_;
    std::deque<Passing> kept_;
    uint64_t last_ = 0;
};

/// A line in the form of flows' events: "   [FULL] ports    address=198.51.100.1 protocol=tcp
/// destination=203.0.113.10:80 percent=80 used=40 room=50 full_in=40".
void append_passing(std::string& out, const Passing& passing, bool has_timestamp);
/// The same as an object on a line.
void append_json_passing(std::string& out, const Passing& passing);

}  // namespace sluice::command
