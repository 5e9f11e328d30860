// SPDX-License-Identifier: BSD-3-Clause
#include "control/reuse_watch.h"

#include <string>
#include <utility>

namespace sluice::control {

void ReuseWatch::turn(Tick now) {
    // Who has not looked for so long cannot tell: it may have been stopped, with all others.
    const bool was_away = !last_ || now - *last_ > Duration{kLongestReading.milliseconds / 2};
    last_ = now;
    saying_.turn(now);
    const Delay delay = table_.grace().longest_delay(now, was_away);
    const bool was_late = std::exchange(is_late_, delay.is_long());
    if (!is_late_ || was_late)
        return;
    counters_.count[stats::Count::ReuseDelayed].add(1);
    if (notice_ && saying_.take(now))
        tell(flow::MemberName::of(delay.tag));
}

void ReuseWatch::tell(const flow::MemberName& name) const {
    notice_(to_string(name) + " has gone on for " + std::to_string(kLongestReading.milliseconds) +
            " ms without a pause: until it has one, what has ended is not used again; its CPU is "
            "taken by somebody else, or it hangs");
}

}  // namespace sluice::control
