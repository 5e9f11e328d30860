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

void run(Worker& worker, Heartbeat& heartbeat, const Pace& pace) {
    Backoff backoff;
    worker.resume();
    // relaxed: only the end of the loop depends on it; joining the thread orders all else.
    while (!pace.stop.load(std::memory_order_relaxed)) {
        heartbeat.beat();
        if (worker.turn(pace.clock.now()) != 0) {
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
