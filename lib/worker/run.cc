// SPDX-License-Identifier: BSD-3-Clause
#include "worker/run.h"

#include <algorithm>
#include <chrono>
#include <thread>

namespace sluice::worker {

void Backoff::rest() const {
    const unsigned beyond = std::min(empty_ - kEmptyTurns, 25u);
    std::this_thread::sleep_for(std::chrono::microseconds(beyond * 10));
}

namespace {

/// Measures turns by the times at which they begin, which are read anyway. A turn that found
/// packets is followed by the next at once, without a rest.
class Stopwatch {
public:
    explicit Stopwatch(stats::Load& load) : load_(load) {}

    void begin_turn(MonotonicClock::Time now) {
        if (was_busy_)
            load_.add_busy(static_cast<uint64_t>(
                std::chrono::duration_cast<std::chrono::nanoseconds>(now - begun_).count()));
        load_.turns.add(1);
        begun_ = now;
    }
    void end_turn(bool was_busy) { was_busy_ = was_busy; }

private:
    stats::Load& load_;
    MonotonicClock::Time begun_{};
    bool was_busy_ = false;
};

}  // namespace

void run(Worker& worker, Heartbeat& heartbeat, const Pace& pace) {
    Backoff backoff;
    Stopwatch stopwatch(worker.load());
    worker.resume();
    // relaxed: only the end of the loop depends on it; joining the thread orders all else.
    while (!pace.stop.load(std::memory_order_relaxed)) {
        heartbeat.beat();
        const auto now = std::chrono::steady_clock::now();
        stopwatch.begin_turn(now);
        const bool is_busy = worker.turn(pace.clock.at(now)) != 0;
        stopwatch.end_turn(is_busy);
        if (is_busy) {
            backoff.found_work();
        } else if (pace.idle == Idle::Sleep && backoff.found_nothing()) {
            worker.rest();
            backoff.rest();
            worker.resume();
        }
    }
    worker.rest();  // nobody waits for a worker that has stopped
}

}  // namespace sluice::worker
