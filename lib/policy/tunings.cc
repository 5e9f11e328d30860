// SPDX-License-Identifier: BSD-3-Clause
#include "policy/tunings.h"

#include <algorithm>

namespace sluice::policy {

std::optional<uint8_t> Tunings::take(const OwnTuning& own) {
    if (own == OwnTuning{})
        return 0;
    const auto known = std::find(sets_.begin(), sets_.end(), own);
    const auto number = static_cast<uint8_t>(known - sets_.begin() + 1);
    if (known != sets_.end())
        return number;
    if (sets_.size() == kMost)
        return std::nullopt;
    sets_.push_back(own);
    return number;
}

std::vector<conntrack::Tuning> Tunings::over(const conntrack::Tuning& all) const {
    std::vector<conntrack::Tuning> result;
    for (const OwnTuning& own : sets_)
        result.push_back(conntrack::with_own(all, own.timeouts));
    return result;
}

void Tunings::tell(Logged& logged) const {
    for (size_t i = 0; i < sets_.size(); ++i)
        logged.add(static_cast<uint8_t>(i + 1), sets_[i].logging);
}

}  // namespace sluice::policy
