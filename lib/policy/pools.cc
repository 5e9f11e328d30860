// SPDX-License-Identifier: BSD-3-Clause
#include "policy/pools.h"

#include <algorithm>

namespace sluice::policy {
namespace {

using net::AddressRange;

/// Each address of the ranges once.
std::vector<Be32> addresses_of(const std::vector<AddressRange>& ranges) {
    std::vector<Be32> addresses;
    for (const AddressRange& range : merged(ranges))
        for (uint64_t host = range.first.host(); host <= range.last.host(); ++host)
            addresses.push_back(Be32::from_host(static_cast<uint32_t>(host)));
    return addresses;
}

}  // namespace

std::vector<AddressRange> merged(std::vector<AddressRange> ranges) {
    std::sort(ranges.begin(), ranges.end(),
              [](const AddressRange& a, const AddressRange& b) { return a.first < b.first; });
    std::vector<AddressRange> result;
    for (const AddressRange& range : ranges) {
        const bool touches = !result.empty() && uint64_t{range.first.host()} <=
                                                    uint64_t{result.back().last.host()} + 1;
        if (!touches)
            result.push_back(range);
        else if (range.last > result.back().last)
            result.back().last = range.last;
    }
    return result;
}

const pool::AddressPool* Pools::take(const std::vector<AddressRange>& addresses,
                                     pool::PortRange ports) {
    Key key{{}, {ports.first, ports.last}};
    for (const AddressRange& range : addresses)
        key.first.push_back({range.first, range.last});
    std::unique_ptr<pool::AddressPool>& pool = pools_[std::move(key)];
    if (pool == nullptr) {
        pool = std::make_unique<pool::AddressPool>(addresses_of(addresses), key_, ports, slots_);
        slots_ += pool->size();
    }
    return pool.get();
}

void Pools::forget_from(uint32_t slots) {
    // One for which there was no memory has a place, and no slot.
    std::erase_if(pools_, [&](const auto& known) {
        return known.second == nullptr || known.second->slot(0) >= slots;
    });
    slots_ = slots;
}

}  // namespace sluice::policy
