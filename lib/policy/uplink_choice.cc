// SPDX-License-Identifier: BSD-3-Clause
#include "policy/uplink_choice.h"

namespace sluice::policy {

using link::UplinkId;
using link::UplinkSet;

UplinkChoice choose_uplink(const Policy& policy, const Rule* rule, const net::Tuple& original,
                           UplinkSet living, const link::Leads& leads) {
    const link::Uplinks& uplinks = policy.routes.uplinks();
    if (!uplinks.are_several())
        return {};
    const net::Endpoint source{original.source, original.source_port, original.zone};
    if (const auto fixed = policy.statics.outside_of(original.protocol, source))
        return {uplinks.of(fixed->address)};
    if (rule == nullptr || !rule->translates())
        return {};
    const auto alive = static_cast<UplinkSet>(rule->uplinks & living);
    const UplinkSet usable = alive == 0 ? rule->uplinks : alive;
    const auto prescribed = policy.routes.prescribed(leads);
    if (prescribed && link::contains(usable, *prescribed))
        return {prescribed};
    const UplinkId first = uplinks.choose(original, usable);
    const UplinkSet others = usable & ~link::only(first);
    return {first, uplinks.are_by_host() ? UplinkSet{0} : others};
}

}  // namespace sluice::policy
