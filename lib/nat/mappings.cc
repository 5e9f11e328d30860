// SPDX-License-Identifier: BSD-3-Clause
#include "nat/mappings.h"

namespace sluice::nat {

using net::Direction;
using net::Endpoint;

std::optional<uint32_t> Mappings::of(net::Protocol protocol, Endpoint inside, Tick now) const {
    return find_holder(table_, mapping_keys(protocol, inside, {}).original, now);
}

std::optional<uint32_t> Mappings::behind(net::Protocol protocol, Endpoint external,
                                         Tick now) const {
    const auto found = find_holder(table_, mapping_keys(protocol, {}, external).reply, now);
    return found && !is_resting(table_.record(*found), policy_->holders, now) ? found
                                                                              : std::nullopt;
}

std::optional<Behind> Mappings::whom(const net::Tuple& packet, Tick now) const {
    const Endpoint external{packet.destination, packet.destination_port};
    const pool::StaticSet& statics = policy_->statics;
    if (const auto fixed = statics.inside_of(packet.protocol, external))
        return Behind{*fixed,
                      {},
                      statics.lets_in(packet.protocol, external, packet.source),
                      statics.door_of(packet.protocol, external)};
    if (policy_->lets_in_untranslated(packet))
        return Behind{
            {external.address, external.port, policy_->rules.exempt_zone(external.address)}, {}};
    if (!policy_->rules.have_mappings() ||
        packet.protocol == net::Protocol::Icmp)  // a query from outside has its type there
        return std::nullopt;
    if (const auto mapping = behind(packet.protocol, external, now))
        return Behind{inside_of(*mapping), mapping};
    return std::nullopt;
}

Endpoint Mappings::inside_of(uint32_t mapping) const {
    const net::Tuple& original = table_.record(mapping).key(Direction::Original);
    return {original.source, original.source_port, original.zone};
}

Endpoint Mappings::external_of(uint32_t mapping) const {
    const net::Tuple& reply = table_.record(mapping).key(Direction::Reply);
    return {reply.destination, reply.destination_port};
}

/// What the rule of its endpoint says now.
Filtering Mappings::filtering_of(uint32_t mapping) const {
    const net::Tuple& original = table_.record(mapping).key(Direction::Original);
    if (const Rule* rule = policy_->rules.find(original.inside_source()))
        if (const auto* mapped =
                rule->independence_of(original.protocol, original.source_port.host()))
            return mapped->filtering;
    return Filtering::EndpointDependent;
}

bool Mappings::lets_in(uint32_t mapping, Endpoint remote, Tick now) const {
    const Filtering filtering = filtering_of(mapping);
    if (filtering == Filtering::EndpointIndependent)
        return true;
    if (filtering == Filtering::AddressDependent)
        remote.port = {};
    const net::Protocol protocol = table_.record(mapping).key(Direction::Original).protocol;
    const HolderKeys keys =
        contact_keys(protocol, inside_of(mapping), remote, external_of(mapping));
    return find_holder(table_, keys.reply, now).has_value();
}

}  // namespace sluice::nat
