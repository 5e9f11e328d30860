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

void Interfaces::Addresses::add(const Interface& interface, Be32 address) {
    all_.push_back(address);
    ends_ |= end_of(address);
    if (interface.realm == Realm::Inside)
        zoned_.push_back(net::InsideAddress{address, interface.zone}.bits());
    else
        outer_.push_back(address);
}

void Interfaces::Addresses::sort() {
    std::ranges::sort(zoned_);
    std::ranges::sort(outer_);
    std::ranges::sort(all_);
}

void Interfaces::compile() {
    std::vector<net::Numbered> inside;
    std::vector<net::ZonedPrefix> by_zone;
    for (const Interface& interface : all_)
        for (const net::Prefix& own : interface.own) {
            own_.add(interface, own.address);
            regions_.add(own);
            if (has_broadcast(own))
                broadcasts_.add(interface, own.broadcast());
            if (interface.realm != Realm::Inside)
                continue;
            inside.push_back({own.network(), 0});
            by_zone.push_back({own.network(), 0, interface.zone});
        }
    own_.sort();
    broadcasts_.sort();
    inside_ = net::longest_prefix(inside);
    inside_by_zone_ = net::ZonedSteps(by_zone);
    const auto first = std::ranges::find_if(all_, [](const Interface& interface) {
        return interface.reaches(net::Side::Inside) && interface.vlan != kIpv6Side;
    });
    if (first != all_.end())
        first_inside_ = static_cast<InterfaceId>(first - all_.begin());
    for (uint32_t network = 0; network < 256; ++network) {
        const net::Prefix whole{Be32::from_host(network << 24), 8};
        if (net::is_martian(whole.address))
            regions_.add(whole);
    }
}

}  // namespace sluice::link
