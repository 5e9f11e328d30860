// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// The loop around turns: busy, or with a rest when there is nothing to do.
///
/// Threads  One lcore each; `stop` is set by another.

#include "base/monotonic.h"
#include "worker/heartbeat.h"
#include "worker/worker.h"

#include <atomic>

namespace sluice::worker {

/// What a loop does when a turn found nothing.
enum class Idle : uint8_t { Busy, Sleep };

/// How long to rest after so many empty turns in a row: not at all at first, then longer and
/// longer, up to a quarter of a millisecond, which a ring of 512 packets outlasts at a million a
/// second.
class Backoff {
public:
    void found_work() { empty_ = 0; }
    /// True when the caller should rest now, for rest().
    bool found_nothing() { return ++empty_ > kEmptyTurns; }
    /// Sleeps; the caller has said that nobody need wait for it.
    void rest() const;

private:
    static constexpr unsigned kEmptyTurns = 32;
    unsigned empty_ = 0;
};

/// What tells a loop when to do what.
struct Pace {
    const MonotonicClock& clock;
    Idle idle = Idle::Busy;
    const std::atomic<bool>& stop;
};

/// Turns until `stop`, and beats at each turn.
void run(Worker& worker, Heartbeat& heartbeat, const Pace& pace);

}  // namespace sluice::worker
