// SPDX-License-Identifier: BSD-3-Clause
#include "command/recording.h"

#include <ctime>

namespace sluice::command {

Recording::Recording(const Looks& looks, const listing::Background& background,
                     std::chrono::milliseconds interval)
    : looks_(looks), background_(background), interval_(interval), thread_([this] { run(); }) {}

Recording::~Recording() {
    {
        const std::lock_guard lock(mutex_);
        ends_ = true;
    }
    changed_.notify_one();
    thread_.join();
}

void Recording::run() {
    using Clock = Outlooks::Clock;
    background_.enter();
    Clock::time_point last = Clock::now();
    Clock::time_point recorded = last;
    std::unique_lock lock(mutex_);
    const auto ends_before = [&](Clock::time_point time) {
        const listing::AtRest rest;
        return changed_.wait_until(lock, time, [this] { return ends_; });
    };
    while (!ends_before(last + interval_)) {
        lock.unlock();
        const Clock::time_point now = Clock::now();
        looks_.tally.if_memory_allows([&] {
            looks_.outlooks.look(now);
            looks_.addresses.look(now);
            // The looks take their time, which is the row's.
            const Clock::time_point end = Clock::now();
            looks_.recorder.record(
                std::time(nullptr),
                std::chrono::duration_cast<std::chrono::milliseconds>(end - recorded));
            recorded = end;
        });
        last = now;
        lock.lock();
    }
}

}  // namespace sluice::command
