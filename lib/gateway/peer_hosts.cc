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
        const nat64::Addresses& addresses = parts_.addresses;
        if (addresses.to_ipv6(number) == address)
            continue;
        const auto known =
            addresses.is_peer(number) ? addresses.peer(address) : addresses.host(address);
        for (const Be32 each : {number, known.value_or(number)})
            if (may_have_flow(each))
                numbers.push_back(each);
    }
    return Vacated(std::move(numbers));
}

bool PeerHosts::may_have_flow(Be32 number) const {
    if (parts_.addresses.is_peer(number))
        return parts_.outside->may_have_flow(number);
    return parts_.hosts.flow_count({number, parts_.zone}).value_or(0) != 0;
}

bool PeerHosts::vacated(uint32_t records, Tick now) {
    return parts_.outside == nullptr || parts_.outside->recount(records, now);
}

bool PeerHosts::put(const sync::Host& host, Tick now) {
    const nat64::AddressParams& params = parts_.addresses.params();
    const bool is_outside = parts_.addresses.is_peer(host.number);
    const net::Prefix& network = is_outside ? params.peers->network : params.numbers;
    nat64::Numbers& numbers = is_outside ? parts_.outside->numbers() : parts_.numbers;
    return network.contains(host.number) &&
           numbers.put(host.number.host() & ~network.mask(), host.address, now);
}

void PeerHosts::note(const flow::FlowRecord& flow) {
    if (parts_.outside != nullptr)
        parts_.outside->note(flow);
}

}  // namespace sluice::gateway
