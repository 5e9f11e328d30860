// SPDX-License-Identifier: BSD-3-Clause
#include "control/reuse_watch.h"

#include <string>
#include <utility>

namespace sluice::control {
namespace {

std::string member_text(const flow::MemberName& name) {
    using Kind = flow::MemberName::Kind;
    switch (name.kind) {
        case Kind::Worker:
            return "worker " + std::to_string(name.number);
        case Kind::ControlCore:
            return "the control core";
        case Kind::Deletion:
            return "a deletion of flows";
        case Kind::Other:
            break;
    }
    return "a thread that reads flows";
}

}  // namespace

void ReuseWatch::turn(Tick now) {
    // Who has not looked for so long cannot tell: it may have been stopped, with all others.
    const bool was_away = !last_ || now - *last_ > Duration{kLongestReading.milliseconds / 2};
    last_ = now;
    saying_.turn(now);
    const Delay delay = table_.grace().longest_delay(now, was_away);
    const bool was_late = std::exchange(
        is_late_, delay.milliseconds > static_cast<uint32_t>(kLongestReading.milliseconds));
    if (!is_late_ || was_late)
        return;
    counters_.count[stats::Count::ReuseDelayed].add(1);
    if (notice_ && saying_.take(now))
        tell(flow::MemberName::of(delay.tag));
}

void ReuseWatch::tell(const flow::MemberName& name) const {
    notice_(member_text(name) + " has gone on for " + std::to_string(kLongestReading.milliseconds) +
            " ms without a pause: until it has one, what has ended is not used again; its CPU is "
            "taken by somebody else, or it hangs");
}

}  // namespace sluice::control
