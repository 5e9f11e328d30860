// SPDX-License-Identifier: BSD-3-Clause
#include "net/steps.h"

#include <numeric>

namespace sluice::net {

void Steps::add(uint32_t first, uint32_t value) {
    if (steps_.back().first == first)
        steps_.pop_back();
    if (steps_.empty() || steps_.back().value != value)
        steps_.push_back({first, value});
}

/// A look at each border: not for packets.
uint32_t Steps::last_alike(uint32_t number) const {
    const uint32_t value = find(number);
    for (const Step& step : steps_)
        if (step.first > number && step.value != value)
            return step.first - 1;
    return ~uint32_t{0};
}

/// Prefixes lie within one another or apart: a stack holds those around the place in hand.
Steps longest_prefix(std::span<const Numbered> prefixes, std::vector<uint32_t>* parents) {
    std::vector<uint32_t> order(prefixes.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
        const Prefix one = prefixes[a].prefix.network();
        const Prefix other = prefixes[b].prefix.network();
        return one.address != other.address ? one.address < other.address
                                            : one.length < other.length;
    });
    if (parents != nullptr)
        parents->assign(prefixes.size(), kNone);

    Steps steps;
    std::vector<uint32_t> around;
    const auto close_before = [&](uint64_t first) {
        while (!around.empty()) {
            const uint64_t behind = uint64_t{prefixes[around.back()].prefix.broadcast().host()} + 1;
            if (behind > first)
                return;
            around.pop_back();
            if (behind <= ~uint32_t{0})
                steps.add(static_cast<uint32_t>(behind),
                          around.empty() ? kNone : prefixes[around.back()].value);
        }
    };
    for (const uint32_t index : order) {
        const Prefix prefix = prefixes[index].prefix.network();
        close_before(prefix.address.host());
        if (!around.empty() && prefixes[around.back()].prefix.network() == prefix)
            continue;
        if (parents != nullptr && !around.empty())
            (*parents)[index] = prefixes[around.back()].value;
        around.push_back(index);
        steps.add(prefix.address.host(), prefixes[index].value);
    }
    close_before(uint64_t{1} << 32);
    return steps;
}

}  // namespace sluice::net
