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
        default:
            return {Tied::Result::Lost};
    }
}

/// As one that may be there already.
Tied as_shared(const Made& made) {
    if (made.result == Made::Result::Existing)
        return {Tied::Result::Tied, made.index};
    return as_new(made);
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
        const Tied made =
            as_new(holders_.make(mapping_keys(protocol, request.source(), *decision.external),
                                 {.parent = block, .rests = rests}, now));
        if (!made.holder)
            return made;
        mapping = made.holder;
    }
    if (mapping)
        return tie_mapping(request, *mapping, decision.mapped->filtering, now);
    if (!block || !request.mapping)
        return {Tied::Result::Tied, block ? block : request.mapping};
    // From a block to another inside host's mapping: a contact hangs on both.
    const net::Endpoint external = *decision.external;
    return as_shared(
        holders_.make(contact_keys(protocol, external, request.destination(), external),
                      {.parent = block, .peer = request.mapping}, now));
}

/// Says that the endpoint of `mapping` talks to the packet's destination, which is the endpoint of
/// another mapping where the request names one.
Tied Ties::tie_mapping(const Request& request, uint32_t mapping, Filtering filtering, Tick now) {
    const net::Endpoint remote = request.destination();
    Tied tied{Tied::Result::Tied, mapping};
    const auto remember = [&](net::Endpoint whom, std::optional<uint32_t> peer) {
        return as_shared(
            holders_.make(contact_keys(request.original.protocol, mappings_.inside_of(mapping),
                                       whom, mappings_.external_of(mapping)),
                          {.parent = tied.holder, .peer = peer}, now));
    };
    // Without room for it the flow opens all the same: what it opened to others is less.
    if (filtering == Filtering::AddressDependent)
        if (const Tied made = remember({remote.address, {}}, {}); made.holder)
            tied = made;
    // What goes outside is a permission by itself: its flow. What stays inside may meet the other's
    // filter, and leaves no flow then.
    const bool is_hairpin = request.sides.leave(net::Direction::Original) == net::Side::Inside;
    if (request.mapping || (is_hairpin && filtering == Filtering::EndpointDependent)) {
        const Tied made = remember(remote, request.mapping);
        if (made.holder)
            tied = made;
        else if (request.mapping)  // nothing would keep the peer's mapping as long as the flow
            return made;
    }
    return tied;
}

}  // namespace sluice::nat
