// SPDX-License-Identifier: BSD-3-Clause
#include "link/interfaces.h"

#include <algorithm>
#include <cassert>
#include <string>
#include <utility>

namespace sluice::link {

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
    return made;
}

bool Interfaces::are_own(net::InsideAddress address) const {
    return std::any_of(all_.begin(), all_.end(), [&](const Interface& interface) {
        return interface.is_seen_from(address.zone) && interface.is_own(address.address);
    });
}

}  // namespace sluice::link
