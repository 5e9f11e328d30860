// SPDX-License-Identifier: BSD-3-Clause
#include "control/uplink_watch.h"

#include "net/text.h"

#include <string>

namespace sluice::control {

using link::UplinkId;
using link::UplinkSet;

bool UplinkWatch::turn() {
    const link::Uplinks& uplinks = policy_->routes.uplinks();
    if (!uplinks.are_several())
        return false;
    link::LivingUplinks& living = *params_.living;
    const UplinkSet before = living.up();
    const UplinkSet usable = living.usable();
    UplinkSet up = 0;
    for (UplinkId id = 0; id < uplinks.size(); ++id) {
        const Health health = health_of(id);
        // One of which nothing is known yet is as it was: a reload may have named another gateway.
        if (health == Health::Lives || (health == Health::Unknown && link::contains(before, id)))
            up |= link::only(id);
        tell(id, health);
    }
    if (up == before)
        return false;
    living.replace(up, uplinks.all());
    hops_.forget_paths();  // hosts without NAT go by those that live
    return (usable & ~living.usable()) != 0;
}

UplinkWatch::Health UplinkWatch::health_of(UplinkId id) const {
    if (!params_.ports[id]->has_link())
        return Health::NoLink;
    const link::Toward& gateway = policy_->routes.uplinks()[id].gateway;
    const link::HopIndex index = hops_.find(gateway.interface, gateway.address);
    if (index == link::kNoHop)
        return Health::Unknown;
    const link::Hop hop = hops_.read(index);
    if (hop.is_resolved())
        return Health::Lives;
    return hop.has_failed() ? Health::Silent : Health::Unknown;
}

/// Once for each death, and once for the end of it.
void UplinkWatch::tell(UplinkId id, Health health) {
    const bool is_dead = health == Health::NoLink || health == Health::Silent;
    const bool is_told = link::contains(told_dead_, id);
    if (health == Health::Unknown || is_dead == is_told)
        return;
    told_dead_ ^= link::only(id);
    const Be32 gateway = policy_->routes.uplinks()[id].gateway.address;
    const std::string name = "uplink " + params_.names[id] + " by " + net::to_string(gateway) + ' ';
    if (!params_.notice)
        return;
    if (!is_dead)
        params_.notice(name + "lives again");
    else
        params_.notice(name + (health == Health::NoLink ? "is dead: its port has no link"
                                                        : "is dead: its gateway does not answer"));
}

}  // namespace sluice::control
