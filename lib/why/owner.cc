// SPDX-License-Identifier: BSD-3-Clause
#include "why/owner.h"

#include "flow/publics.h"
#include "nat/public_addresses.h"

#include <memory>

namespace sluice::why {
namespace {

using net::Side;

/// Owners::take().
std::optional<Owner> at(const OwnerGround& ground, Be32 address) {
    const worker::Burst& burst = ground.burst;
    if (ground.shared.interfaces[burst.from[0]].vlan == link::kIpv6Side)
        return std::nullopt;
    const auto path = ground.forwarding.way_to_owner(address, burst.tuple[0].zone);
    return path ? std::optional(Owner{address, *path}) : std::nullopt;
}

std::optional<Owner> owner_by(const OwnerGround& ground, const nat::Request& request) {
    const auto public_addresses = std::make_unique<nat::PublicAddresses>(ground.policy);
    const auto address = public_addresses->of(request);
    return address ? at(ground, *address) : std::nullopt;
}

}  // namespace

std::optional<Owner> owner_of(const OwnerGround& ground, const worker::Target& target,
                              const policy::Rule* rule) {
    if (ground.shared.holdings == nullptr || ground.burst.side[0] != Side::Inside)
        return std::nullopt;
    const bool has_request = !target.refusal || target.request.rule != nullptr;
    return owner_by(
        ground, has_request ? target.request : nat::Request::outward(ground.burst.tuple[0], rule));
}

std::optional<Owner> owner_of_error(const OwnerGround& ground, const worker::Admission& admission,
                                    Tick now) {
    if (ground.shared.holdings == nullptr || ground.burst.side[0] != Side::Inside)
        return std::nullopt;
    const net::Tuple& tuple = ground.burst.tuple[0];
    const policy::Rule* rule = admission.rule_of(Side::Inside, tuple);
    const worker::Path path =
        admission.admit(Side::Inside, ground.burst.packet[0], tuple, rule).path;
    if (path != worker::Path::Outward && path != worker::Path::Hairpin)
        return std::nullopt;
    return owner_of(ground, ground.forwarding.target({path, rule}, tuple, now), rule);
}

std::optional<Lost> lost(const OwnerGround& ground, flow::FlowRef flow) {
    const pool::Holdings* holdings = ground.shared.holdings;
    const flow::FlowRecord& record = ground.shared.table.record(flow.index());
    const auto has = [&](Be32 address) { return is_usable(holdings, address); };
    if (flow::all_publics(record.tuple, record.sides, has))
        return std::nullopt;
    const Be32 seen_as = record.key(opposite(flow.direction())).destination;
    const bool is_owners = ground.burst.side[0] == Side::Inside && !has(seen_as);
    return Lost{is_owners ? at(ground, seen_as) : std::nullopt};
}

}  // namespace sluice::why
