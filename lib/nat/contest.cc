// SPDX-License-Identifier: BSD-3-Clause
#include "nat/contest.h"

#include "nat/own_port.h"

#include <algorithm>

namespace sluice::nat {
namespace {

/// Numbers that are drawn for keys; those that are others' for good are passed over.
constexpr uint32_t kMostDrawn = 64;

/// Its source is to be seen as something that is looked for.
bool is_searched(const policy::Policy& policy, const Request& request) {
    return !request.is_inward() && !request.keeps_source && request.rule != nullptr &&
           request.rule->translates() &&
           !policy.statics.outside_of(request.original.protocol, request.source());
}

}  // namespace

std::optional<Contest::Place> Contest::place_of(const Request& request) {
    const policy::Policy& policy = *params_.policy;
    const net::Protocol protocol = request.original.protocol;
    const bool has_ports = !net::is_by_address(protocol);
    if (!is_searched(policy, request) || (has_ports && policy.holders.blocks.size != 0))
        return std::nullopt;
    const uint16_t own = request.original.source_port.host();
    const Independence* mapped = request.rule->independence_of(protocol, own);
    const pool::AddressPool& pool = request.rule->pool_at(request.uplink);
    Place place{.ports = pool::search_range(protocol, own,
                                            mapped != nullptr ? mapped->external : pool.ports()),
                .key = mapped != nullptr ? mapping_keys(protocol, {}, {}).reply : request.reply({}),
                .is_mapped = mapped != nullptr};
    if (!has_ports)
        place.ports = {0, 0};
    const bool is_told = request.public_address && pool.contains(*request.public_address);
    place.key.destination = is_told
                                ? *request.public_address
                                : pool.address(first_.of(pool, request.original.inside_source()));
    const pool::Holdings* holdings = params_.holdings;
    if (!is_usable(holdings, place.key.destination) ||
        (request.is_for_inside() && !is_usable(holdings, request.original.destination)))
        return std::nullopt;
    return place;
}

std::span<const net::Tuple> Contest::draw(const Request& request, unsigned most, Tick now) {
    const auto place = place_of(request);
    if (!place || place->ports.size() == 0)
        return {};
    unsigned count = 0;
    const auto add = [&](uint16_t number) {
        net::Tuple key = place->key;
        key.destination_port = Be16::from_host(number);
        const net::Endpoint external{key.destination, key.destination_port};
        // A packet that its mapping does not let in opens nothing, so nobody is to go for it.
        if (!is_reserved(params_, *request.rule, key.protocol, external, place->is_mapped) &&
            !is_filtered(request, external, now))
            keys_[count++] = key;
    };
    const auto kept = find_kept(params_, request, now);
    const uint16_t own = request.original.source_port.host();
    const bool is_here = kept && kept->address == place->key.destination;
    const uint16_t wished = is_here ? kept->port.host() : own;
    if (place->ports.contains(wished))
        add(wished);
    if (own != wished && place->ports.contains(own))
        add(own);
    pool::Draw draw{request.original, now};
    const uint32_t size = place->ports.size();
    const uint32_t start = params_.draws.below(size, draw);
    const uint32_t stride = params_.draws.below(size, draw);
    const Walk walk(place->ports, start, stride);
    for (uint32_t step = 0; step < std::min(size, kMostDrawn) && count < most; ++step)
        if (const uint16_t number = walk.at(step); number != wished && number != own)
            add(number);
    return std::span(keys_).first(count);
}

Decision Contest::win(const Request& request, const net::Tuple& key) const {
    Decision decision;
    decision.external = {key.destination, key.destination_port};
    decision.mapped = request.rule->independence_of(request.original.protocol,
                                                    request.original.source_port.host());
    if (decision.mapped == nullptr)
        decision.reply_hash = params_.table.hasher()(key);
    decision.is_searched = true;
    return decision;
}

bool Contest::is_filtered(const Request& request, net::Endpoint external, Tick now) const {
    if (!request.mapping)
        return false;
    // Nor for the port of that mapping itself, which would go with it.
    return external == params_.mappings.external_of(*request.mapping) ||
           !params_.mappings.lets_in(*request.mapping, external, now);
}

void Contest::begin(const Request& request, Tick now) {
    const auto place = place_of(request);
    // Without ports there is no search to spare, and a mapping may be there already.
    if (!place || place->is_mapped || net::is_by_address(place->key.protocol))
        return;
    crowd_of(place->key) = {place->key, now};
    last_ = now;
}

bool Contest::is_crowded(const Request& request, Tick now) {
    if (!is_recent(*last_, now)) {
        last_.reset();
        return false;
    }
    const auto place = place_of(request);
    if (!place)
        return false;
    const Crowd& crowd = crowd_of(place->key);
    return crowd.key == place->key && is_recent(crowd.since, now);
}

}  // namespace sluice::nat
