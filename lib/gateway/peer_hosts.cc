// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/peer_hosts.h"

#include <algorithm>
#include <utility>

namespace sluice::gateway {

Vacated::Vacated(std::vector<Be32> numbers) : numbers_(std::move(numbers)) {
    std::ranges::sort(numbers_);
}

bool Vacated::has(const flow::FlowRecord& record) const {
    return record.kind() != flow::Kind::Block &&
           std::ranges::any_of(record.tuple, [&](const net::Tuple& tuple) {
               return std::ranges::binary_search(numbers_, tuple.source);
           });
}

Vacated PeerHosts::vacated_by(std::span<const sync::Change> changes) const {
    std::vector<Be32> numbers;
    for (const sync::Change& change : changes) {
        if (change.what != sync::Change::What::Name)
            continue;
        const auto [number, address] = change.host;
        const Be32 former = parts_.addresses.host(address).value_or(number);
        if (parts_.addresses.to_ipv6(number) == address)
            continue;
        for (const Be32 each : {number, former})
            if (parts_.hosts.flow_count({each, parts_.zone}).value_or(0) != 0)
                numbers.push_back(each);
    }
    return Vacated(std::move(numbers));
}

bool PeerHosts::put(const sync::Host& host, Tick now) {
    const nat64::Addresses& addresses = parts_.addresses;
    const uint32_t number = host.number.host() & ~addresses.params().numbers.mask();
    return addresses.is_number(host.number) && parts_.numbers.put(number, host.address, now);
}

}  // namespace sluice::gateway
