// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/watch.h"

#include <utility>

namespace sluice::app {

Watch::Watch(std::span<const worker::Heartbeat> beats, Tick now,
             std::function<void(const std::string&)> notice)
    : beats_(beats), notice_(std::move(notice)) {
    begin(now);
}

void Watch::begin(Tick now) {
    last_look_ = now;
    seen_.clear();
    for (const worker::Heartbeat& beat : beats_)
        seen_.push_back({beat.turns(), now});
}

bool Watch::look(Tick now) {
    // Who has not looked for long cannot tell: the whole process was stopped, as by a debugger or
    // by the machine's sleep. The workers get their time anew.
    const bool was_away = now - last_look_ > kStandstill;
    last_look_ = now;
    bool all_turn = true;
    uint64_t standing = 0;
    for (size_t i = 0; i < beats_.size(); ++i) {
        Seen& seen = seen_[i];
        const uint32_t turns = beats_[i].turns();
        if (turns != seen.turns || was_away) {
            if (turns != seen.turns && std::exchange(seen.stands, false))
                notice_("worker " + std::to_string(i) + " turns again");
            seen.turns = turns;
            seen.since = now;
        } else if (!seen.stands && now - seen.since > kStandstill) {
            seen.stands = true;
            notice_(
                "worker " + std::to_string(i) + " has not turned for " +
                std::to_string(kStandstill.milliseconds / 1000) +
                " s: nothing is forwarded by it; its CPU is taken by somebody else, or it hangs");
        }
        all_turn &= !seen.stands;
        standing |= uint64_t{seen.stands} << i;
    }
    standing_.store(standing, std::memory_order_relaxed);
    looked_at_.store(now.milliseconds, std::memory_order_relaxed);
    has_looked_.store(true, std::memory_order_release);  // after when that was
    return all_turn;
}

command::Standstill Watch::standstill(Tick now) const {
    if (!has_looked_.load(std::memory_order_acquire))
        return {.before_start = true};
    const Tick looked_at{looked_at_.load(std::memory_order_relaxed)};
    // However long ago: half of all ticks lie before now, and half behind. The other thread's clock
    // may be ahead of this one's, but not so far.
    const Duration gone = now - looked_at;
    return {.control_core = gone > kStandstill || gone < Duration{-kStandstill.milliseconds},
            .workers = standing_.load(std::memory_order_relaxed)};
}

}  // namespace sluice::app
