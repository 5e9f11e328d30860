// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/log_clock.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

namespace sluice::gateway {

ClockReading read_clocks() {
    using std::chrono::duration_cast;
    using std::chrono::milliseconds;
    return {
        duration_cast<milliseconds>(std::chrono::steady_clock::now().time_since_epoch()).count(),
        duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count()};
}

LogClock::LogClock(ClockReading at, control::Notice notice)
    : notice_(std::move(notice)), last_(at), told_(at.wall) {}

int64_t LogClock::tell(ClockReading at) {
    const int64_t passed = std::max<int64_t>(at.monotonic - last_.monotonic, 0);
    last_ = at;
    told_ = std::max(at.wall, told_ + passed / 2);
    const int64_t ahead = told_ - at.wall;
    if (ahead >= kWorthTelling && !std::exchange(is_ahead_, true) && notice_)
        notice_("the machine's clock was set back by " + std::to_string(ahead / 1000) +
                " s; the times of blocks of ports go on at half speed until it has caught up");
    if (ahead == 0 && std::exchange(is_ahead_, false) && notice_)
        notice_("the times of blocks of ports are the machine's again");
    return told_;
}

}  // namespace sluice::gateway
