// SPDX-License-Identifier: BSD-3-Clause
#include "pool/static_mappings.h"

#include <algorithm>
#include <map>

namespace sluice::pool {
namespace {

using net::Endpoint;

/// The protocols of forwards; all others are one, of which there is none.
uint64_t number_of(net::Protocol protocol) {
    switch (protocol) {
        case net::Protocol::Tcp:
            return 1;
        case net::Protocol::Udp:
            return 2;
        default:
            return 0;
    }
}

/// What endpoints are in order by: protocol, zone, address, port.
uint64_t key_of(net::Protocol protocol, Endpoint endpoint) {
    static_assert(net::kZones <= 1 << 12);
    return number_of(protocol) << 60 | uint64_t{endpoint.zone} << 48 |
           uint64_t{endpoint.address.host()} << 16 | endpoint.port.host();
}

/// Likewise: zone, address.
uint64_t key_of(net::InsideAddress address) {
    return uint64_t{address.zone} << 32 | address.address.host();
}

Endpoint moved(Endpoint from, Endpoint endpoint, Endpoint to) {
    const int offset = endpoint.port.host() - from.port.host();
    return {to.address, Be16::from_host(static_cast<uint16_t>(to.port.host() + offset)), to.zone};
}

Be32 moved(Be32 from, Be32 address, Be32 to) {
    return Be32::from_host(to.host() + (address.host() - from.host()));
}

/// The first inside address.
net::InsideAddress first_of(const OneToOne& pair) {
    return {net::Prefix{pair.internal, pair.length}.network().address, pair.zone};
}

}  // namespace

net::AddressRange OneToOne::externals() const {
    const net::Prefix prefix{external, length};
    return {prefix.network().address, prefix.broadcast()};
}

StaticSet::StaticSet(std::span<const Forward> forwards, std::span<const OneToOne> pairs,
                     std::span<const net::InsideAddress> left_out)
    : pairs_(pairs.begin(), pairs.end()) {
    std::map<uint64_t, uint32_t> known;  // by external endpoint
    for (const Forward& forward : forwards) {
        const auto number = static_cast<uint32_t>(forwards_.size());
        const auto [equal, is_new] =
            known.emplace(key_of(forward.protocol, forward.external), number);
        if (is_new)
            add_forward(forward);
        forwards_[equal->second].from.push_back(forward.from);
    }
    for (uint32_t i = 0; i < pairs_.size(); ++i)
        add_pair(i, left_out);
    for (Runs* runs :
         {&by_external_, &by_internal_, &one_by_external_, &one_by_internal_, &externals_})
        runs->compile();
    if (externals_.is_empty())
        return;
    first_ = static_cast<uint32_t>(externals_.lowest());
    span_ = externals_.highest() - externals_.lowest() + 1;
}

void StaticSet::add_forward(const Forward& forward) {
    const auto number = static_cast<uint32_t>(forwards_.size());
    const auto add = [&](Runs& runs, Endpoint end) {
        const uint64_t first = key_of(forward.protocol, end);
        runs.add(first, first + forward.ports - 1, number);
    };
    add(by_external_, forward.external);
    add(by_internal_, forward.internal);
    const uint32_t address = forward.external.address.host();
    externals_.add(address, address, 0);
    forwards_.push_back({forward, {}});
}

/// The prefix, in pieces around what is left out of it.
void StaticSet::add_pair(uint32_t number, std::span<const net::InsideAddress> left_out) {
    const OneToOne& pair = pairs_[number];
    const net::Prefix inside{pair.internal, pair.length};
    std::vector<uint64_t> holes;
    for (const net::InsideAddress hole : left_out)
        if (pair.length < 32 && hole.zone == pair.zone && inside.contains(hole.address))
            holes.push_back(key_of(hole));
    std::sort(holes.begin(), holes.end());
    holes.push_back(key_of({inside.broadcast(), pair.zone}) + 1);

    const uint64_t first_inside = key_of(first_of(pair));
    const uint64_t first_outside = pair.externals().first.host();
    uint64_t first = first_inside;
    for (const uint64_t hole : holes) {
        if (first < hole) {
            const uint64_t outside = first_outside + (first - first_inside);
            one_by_internal_.add(first, hole - 1, number);
            one_by_external_.add(outside, outside + (hole - 1 - first), number);
            externals_.add(outside, outside + (hole - 1 - first), 0);
        }
        first = hole + 1;
    }
}

const Forward* StaticSet::forward_of(net::Protocol protocol, Endpoint external) const {
    const uint32_t number = by_external_.find(key_of(protocol, external));
    return number == kNoRun ? nullptr : &forwards_[number].forward;
}

const OneToOne* StaticSet::pair_of(Be32 external) const {
    const uint32_t number = one_by_external_.find(external.host());
    return number == kNoRun ? nullptr : &pairs_[number];
}

std::optional<Endpoint> StaticSet::inside_of(net::Protocol protocol, Endpoint external) const {
    if (const Forward* forward = forward_of(protocol, external))
        return moved(forward->external, external, forward->internal);
    if (const OneToOne* pair = pair_of(external.address))
        return Endpoint{moved(pair->externals().first, external.address, first_of(*pair).address),
                        external.port, pair->zone};
    return std::nullopt;
}

bool StaticSet::lets_in(net::Protocol protocol, Endpoint external, Be32 source) const {
    const uint32_t number = by_external_.find(key_of(protocol, external));
    if (number == kNoRun)
        return pair_of(external.address) != nullptr;
    const std::vector<net::Prefix>& from = forwards_[number].from;
    return std::any_of(from.begin(), from.end(),
                       [&](const net::Prefix& prefix) { return prefix.contains(source); });
}

Door StaticSet::door_of(net::Protocol protocol, Endpoint external) const {
    if (const Forward* forward = forward_of(protocol, external))
        return forward->door;
    const OneToOne* pair = pair_of(external.address);
    return pair == nullptr ? Door{} : pair->door;
}

std::optional<Endpoint> StaticSet::search_inside(net::Protocol protocol, Endpoint internal) const {
    if (const uint32_t number = by_internal_.find(key_of(protocol, internal)); number != kNoRun) {
        const Forward& forward = forwards_[number].forward;
        return moved(forward.internal, internal, forward.external);
    }
    if (const uint32_t number = one_by_internal_.find(key_of({internal.address, internal.zone}));
        number != kNoRun) {
        const OneToOne& pair = pairs_[number];
        return Endpoint{moved(first_of(pair).address, internal.address, pair.externals().first),
                        internal.port};
    }
    return std::nullopt;
}

bool StaticSet::reserves_of(Be32 address, PortRange ports) const {
    const auto has = [&](net::Protocol protocol) {
        const Runs::Run* run =
            by_external_.next(key_of(protocol, {address, Be16::from_host(ports.first)}));
        return run != nullptr &&
               run->first <= key_of(protocol, {address, Be16::from_host(ports.last)});
    };
    return contains(address) && (has(net::Protocol::Tcp) || has(net::Protocol::Udp));
}

}  // namespace sluice::pool
