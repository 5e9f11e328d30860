// SPDX-License-Identifier: BSD-3-Clause
#include "control/least_wanted.h"

#include <algorithm>
#include <cstddef>
#include <unordered_map>

namespace sluice::control {
namespace {

using Positions = std::vector<size_t>;

enum class Worth : uint8_t { Silent, Crowded, Unused };

/// The positions of each MAC that has more than its part.
std::vector<Positions> crowds(std::span<const Candidate> candidates, size_t per_mac) {
    std::unordered_map<uint64_t, Positions> by_mac;
    for (size_t i = 0; i < candidates.size(); ++i)
        if (candidates[i].mac != 0)
            by_mac[candidates[i].mac].push_back(i);
    std::vector<Positions> result;
    for (auto& [mac, positions] : by_mac)
        if (positions.size() > per_mac)
            result.push_back(std::move(positions));
    return result;
}

/// Puts the `count` that `is_before` says before the others, in no order.
template <typename Range, typename IsBefore>
void bring_forward(Range& range, size_t count, IsBefore is_before) {
    std::nth_element(range.begin(), range.begin() + static_cast<ptrdiff_t>(count), range.end(),
                     is_before);
}

}  // namespace

std::vector<link::HopIndex> least_wanted(std::span<const Candidate> candidates, size_t count,
                                         size_t per_mac) {
    std::vector<Worth> worth;
    for (const Candidate& candidate : candidates)
        worth.push_back(candidate.mac == 0 ? Worth::Silent : Worth::Unused);
    const auto is_older = [&](size_t a, size_t b) {
        return candidates[a].age_ms > candidates[b].age_ms;
    };
    for (Positions& crowd : crowds(candidates, per_mac)) {
        const size_t beyond = crowd.size() - per_mac;
        bring_forward(crowd, beyond, is_older);
        for (const size_t i : std::span(crowd).first(beyond))
            worth[i] = Worth::Crowded;
    }
    Positions order(candidates.size());
    for (size_t i = 0; i < order.size(); ++i)
        order[i] = i;
    count = std::min(count, order.size());
    bring_forward(order, count, [&](size_t a, size_t b) {
        return worth[a] != worth[b] ? worth[a] < worth[b] : is_older(a, b);
    });
    std::vector<link::HopIndex> result;
    for (const size_t i : std::span(order).first(count))
        result.push_back(candidates[i].hop);
    return result;
}

}  // namespace sluice::control
