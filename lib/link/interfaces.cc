// SPDX-License-Identifier: BSD-3-Clause
#include "link/interfaces.h"

#include <algorithm>
#include <cassert>
#include <string>
#include <utility>

namespace sluice::link {
namespace {

bool has_broadcast(const net::Prefix& subnet) {
    return subnet.length < 31;
}

}  // namespace

bool Interface::is_own(Be32 address) const {
    return std::any_of(own.begin(), own.end(),
                       [&](const net::Prefix& one) { return one.address == address; });
}

bool Interface::answers_for(Be32 address) const {
    return is_own(address) ||
           std::any_of(answered.begin(), answered.end(),
                       [&](const net::AddressRange& range) { return range.contains(address); });
}

std::optional<net::Prefix> Interface::subnet_of(Be32 address) const {
    const auto found = std::find_if(own.begin(), own.end(),
                                    [&](const net::Prefix& one) { return one.contains(address); });
    return found == own.end() ? std::nullopt : std::optional(*found);
}

Be32 Interface::source_toward(Be32 neighbour) const {
    return subnet_of(neighbour).value_or(own.front()).address;
}

Result<Interfaces> Interfaces::create(std::vector<Interface> interfaces) {
    assert(!interfaces.empty() && interfaces.size() <= kMostInterfaces);
    Interfaces made;
    for (size_t id = 0; id < interfaces.size(); ++id) {
        const Interface& interface = interfaces[id];
        assert(!interface.own.empty() && interface.vlan < kVlanCount);
        while (made.by_tag_.size() <= interface.port)
            made.by_tag_.emplace_back().fill(kNoInterface);
        InterfaceId& place = made.by_tag_[interface.port][interface.vlan];
        if (place != kNoInterface)
            return Error{"port " + std::to_string(interface.port) + " has two interfaces " +
                         (interface.vlan == kUntagged
                              ? std::string("without a VLAN tag")
                              : "of VLAN " + std::to_string(interface.vlan))};
        place = static_cast<InterfaceId>(id);
    }
    made.all_ = std::move(interfaces);
    made.compile();
    return made;
}

void Interfaces::compile() {
    size_t zones = 0;
    std::vector<InterfaceId> outer;
    std::vector<net::Numbered> inside;
    for (size_t id = 0; id < all_.size(); ++id) {
        const bool is_inside = all_[id].realm == Realm::Inside;
        if (is_inside)
            zones = std::max(zones, all_[id].zone + size_t{1});
        else
            outer.push_back(static_cast<InterfaceId>(id));
        for (const net::Prefix& own : all_[id].own) {
            if (is_inside)
                inside.push_back({own.network(), 0});
            if (has_broadcast(own))
                broadcasts_.push_back(own.broadcast());
        }
    }
    inside_ = net::longest_prefix(inside);
    std::sort(broadcasts_.begin(), broadcasts_.end());
    seen_from_.assign(zones + 1, outer);
    for (size_t id = 0; id < all_.size(); ++id)
        if (all_[id].realm == Realm::Inside)
            seen_from_[all_[id].zone].push_back(static_cast<InterfaceId>(id));
}

bool Interfaces::are_own(net::InsideAddress address) const {
    const auto seen = seen_from(address.zone);
    return std::any_of(seen.begin(), seen.end(),
                       [&](InterfaceId id) { return all_[id].is_own(address.address); });
}

bool Interfaces::is_inside(net::InsideAddress address) const {
    const auto seen = seen_from(address.zone);
    return std::any_of(seen.begin(), seen.end(), [&](InterfaceId id) {
        return all_[id].realm == Realm::Inside && all_[id].has_on_link(address.address);
    });
}

bool Interfaces::is_broadcast(net::InsideAddress address) const {
    const auto seen = seen_from(address.zone);
    return std::any_of(seen.begin(), seen.end(), [&](InterfaceId id) {
        const auto subnet = all_[id].subnet_of(address.address);
        return subnet && has_broadcast(*subnet) && address.address == subnet->broadcast();
    });
}

bool Interfaces::is_broadcast_somewhere(Be32 address) const {
    return std::binary_search(broadcasts_.begin(), broadcasts_.end(), address);
}

}  // namespace sluice::link
