// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/draining.h"

#include <algorithm>

namespace sluice::gateway {

void Draining::begin(const Policies::Pointer& policy, Clock::time_point now,
                     Clock::duration patience) {
    const Clock::time_point due = now + patience;
    if (reloads_.empty() || due < reloads_.back().due || due > reloads_.back().latest) {
        reloads_.push_back({policy, due, due + patience / 16});
        return;
    }
    reloads_.back().policy = policy;
    reloads_.back().due = due;
}

std::optional<Draining::Clock::time_point> Draining::due() const {
    const auto first = std::ranges::min_element(reloads_, {}, &Reload::due);
    return first == reloads_.end() ? std::nullopt : std::optional(first->due);
}

/// A shorter --drain-time may have let a later reload's time be over first: what an earlier one has
/// left without ground, and nobody has given it back, is left so by the later one, too.
std::vector<Policies::Pointer> Draining::take_due(Clock::time_point now) {
    const auto last = std::find_if(reloads_.rbegin(), reloads_.rend(),
                                   [&](const Reload& reload) { return reload.due <= now; });
    std::vector<Policies::Pointer> policies;
    if (last == reloads_.rend())
        return policies;
    for (auto reload = last.base() - 1; reload != reloads_.end(); ++reload)
        policies.push_back(reload->policy);
    reloads_.erase(reloads_.begin(), last.base());
    return policies;
}

}  // namespace sluice::gateway
