// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Watch: whether every worker still turns, seen from outside of them.
///
/// Shape    A worker stands still when its heartbeat has not changed for kStandstill. One that
///          sleeps between empty turns beats all the same.
/// Threads  The control core's; standstill() is any thread's.

#include "base/clock.h"
#include "command/subject.h"
#include "worker/heartbeat.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace sluice::app {

inline constexpr Duration kStandstill = Duration::seconds(1);

class Watch {
public:
    /// `beats` outlive it. `notice` gets a sentence when a worker stands still and when it goes on.
    Watch(std::span<const worker::Heartbeat> beats, Tick now,
          std::function<void(const std::string&)> notice);

    /// The clock has been set: all begin anew. Before anybody looks.
    void begin(Tick now);
    /// To be called more often than every kStandstill. True when every worker turns.
    bool look(Tick now);

    /// What look() has seen; for any thread.
    command::Standstill standstill(Tick now) const;

private:
    struct Seen {
        uint32_t turns;
        Tick since;
        bool stands = false;
    };

    std::span<const worker::Heartbeat> beats_;
    std::function<void(const std::string&)> notice_;
    std::vector<Seen> seen_;  // by worker
    Tick last_look_;
    // What other threads read: has_looked_ is released after the others, which stand alone.
    std::atomic<bool> has_looked_{false};
    std::atomic<uint32_t> looked_at_{0};  // milliseconds of the tick
    std::atomic<uint64_t> standing_{0};   // a bit for each worker
};

}  // namespace sluice::app
