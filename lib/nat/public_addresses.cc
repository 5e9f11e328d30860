// SPDX-License-Identifier: BSD-3-Clause
#include "nat/public_addresses.h"

namespace sluice::nat {

/// In the order of Allocator::decide_source().
std::optional<Be32> PublicAddresses::of(const Request& request) {
    if (request.external)
        return request.external->address;
    if (request.is_inward() || request.keeps_source)
        return std::nullopt;
    const auto fixed = policy_->statics.outside_of(request.original.protocol, request.source());
    if (fixed)
        return fixed->address;
    if (request.rule == nullptr || !request.rule->translates())
        return std::nullopt;
    const pool::AddressPool& pool = request.rule->pool_at(request.uplink);
    if (request.public_address && pool.contains(*request.public_address))
        return request.public_address;
    return pool.address(first_.of(pool, request.original.inside_source()));
}

}  // namespace sluice::nat
