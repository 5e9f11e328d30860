// SPDX-License-Identifier: BSD-3-Clause
#include "net/zoned_steps.h"

#include <algorithm>
#include <map>

namespace sluice::net {

ZonedSteps::ZonedSteps(std::span<const ZonedPrefix> prefixes) {
    const bool has_zones = std::any_of(prefixes.begin(), prefixes.end(),
                                       [](const ZonedPrefix& one) { return one.zone.has_value(); });
    std::vector<Numbered> common;
    std::map<uint16_t, std::vector<Numbered>> of_zone;
    for (const ZonedPrefix& one : prefixes) {
        const auto place = static_cast<uint32_t>(places_.size());
        std::vector<Numbered>& group = one.zone ? of_zone[*one.zone] : common;
        group.push_back({one.prefix, has_zones ? place : one.value});
        if (has_zones)
            places_.push_back({one.value, one.prefix.length});
    }
    common_ = longest_prefix(common);
    for (const auto& [number, own] : of_zone)
        zones_.push_back({number, longest_prefix(own)});
}

uint32_t ZonedSteps::search(InsideAddress address) const {
    const uint32_t host = address.address.host();
    const uint32_t common = common_.find(host);
    const auto zone =
        std::lower_bound(zones_.begin(), zones_.end(), address.zone,
                         [](const Zone& one, uint16_t wanted) { return one.number < wanted; });
    const bool is_named = zone != zones_.end() && zone->number == address.zone;
    const uint32_t own = is_named ? zone->steps.find(host) : kNone;
    if (own == kNone)
        return common == kNone ? kNone : places_[common].value;
    const bool is_longer = common != kNone && places_[common].length > places_[own].length;
    return places_[is_longer ? common : own].value;
}

}  // namespace sluice::net
