// SPDX-License-Identifier: BSD-3-Clause
#include "nat/ties.h"

#include "nat/rules.h"

namespace sluice::nat {
namespace {

using Made = Holders::Made;

/// As a record that must be new.
Tied as_new(const Made& made) {
    switch (made.result) {
        case Made::Result::New:
            return {Tied::Result::Tied, made.index};
        case Made::Result::NoRoom:
            return {Tied::Result::NoRoom};
        case Made::Result::HostFull:
            return {Tied::Result::HostFull};
        default:
            return {Tied::Result::Lost};
    }
}

}  // namespace

Tied Ties::make(const Request& request, const Decision& decision, Tick now) {
    const net::Protocol protocol = request.original.protocol;
    std::optional<uint32_t> block = decision.block;
    std::optional<uint32_t> mapping = decision.mapping;
    if (decision.new_block) {
        const auto& [ordinal, first] = *decision.new_block;
        const Tied made = as_new(
            holders_.make(block_keys(request.original.inside_source(), ordinal, first), {}, now));
        if (!made.holder)
            return made;
        block = made.holder;
    }
    if (decision.mapped != nullptr && !mapping) {
        const bool rests = decision.mapped->filtering == Filtering::EndpointIndependent;
        const Tied made = as_new(
            holders_.make(mapping_keys(protocol, request.source(), *decision.external),
                          {.parent = block, .rests = rests, .limits = limits_of(request)}, now));
        if (!made.holder)
            return made;
        mapping = made.holder;
    }
    if (mapping)
        return {Tied::Result::Tied, remember(request, *mapping, decision.mapped->filtering, now)};
    return {Tied::Result::Tied, block};
}

hosts::Limits Ties::limits_of(const Request& request) const {
    return request.limits(holders_.policy().host_limits);
}

/// The contact that says that the endpoint of `mapping` talks to the packet's destination; the
/// mapping itself, where its filter need not remember that.
uint32_t Ties::remember(const Request& request, uint32_t mapping, Filtering filtering, Tick now) {
    // What goes outside is a permission by itself: its flow. What stays inside may meet the other's
    // filter, and leaves no flow then.
    const bool is_hairpin = request.sides.leave(net::Direction::Original) == net::Side::Inside;
    if (filtering == Filtering::EndpointIndependent ||
        (filtering == Filtering::EndpointDependent && !is_hairpin))
        return mapping;
    net::Endpoint remote = request.destination();
    if (filtering == Filtering::AddressDependent)
        remote.port = {};
    const Made made =
        holders_.make(contact_keys(request.original.protocol, mappings_.inside_of(mapping), remote,
                                   mappings_.external_of(mapping)),
                      {.parent = mapping, .limits = limits_of(request)}, now);
    // Without room for it, or beyond its host's limit, the flow opens all the same: what it opened
    // to others is less.
    const bool is_there = made.result == Made::Result::New || made.result == Made::Result::Existing;
    return is_there ? made.index : mapping;
}

}  // namespace sluice::nat
