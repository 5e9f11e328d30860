// SPDX-License-Identifier: BSD-3-Clause
#include "nat/own_port.h"

namespace sluice::nat {
namespace {

/// From inside, to be translated to whatever its rule has.
bool is_plain(const AllocatorParams& params, const Request& request) {
    const policy::Policy& policy = *params.policy;
    return !request.is_inward() && !request.keeps_source && !request.mapping &&
           !request.public_address && request.rule != nullptr && request.rule->translates() &&
           !net::is_by_address(request.original.protocol) && policy.holders.blocks.size == 0 &&
           params.steering == nullptr &&
           !policy.statics.outside_of(request.original.protocol, request.source());
}

}  // namespace

bool take_own_port(const OwnPortGround& ground, const Request& request, Tick now,
                   Decision& decision) {
    const auto& [params, first] = ground;
    const net::Tuple& original = request.original;
    const uint16_t own = original.source_port.host();
    const Rule* rule = request.rule;
    if (!is_plain(params, request) || rule->independence_of(original.protocol, own) != nullptr)
        return false;
    const pool::AddressPool& pool = rule->pool_at(request.uplink);
    const bool is_foreseen = request.ahead != nullptr && &pool == rule->pool;
    const net::Endpoint external{is_foreseen
                                     ? request.ahead->reply.destination
                                     : pool.address(first.of(pool, original.inside_source())),
                                 original.source_port};
    if (!pool.ports().contains(own) || !is_usable(params.holdings, external.address) ||
        is_reserved(params, *rule, original.protocol, external, false) ||
        find_kept(params, request, now))
        return false;
    const net::Tuple reply = request.reply(external);
    const uint64_t hash = hash_of(params.table, request.ahead, reply);
    if (is_held(params.table.find(hash, reply, now), request.ended))
        return false;
    decision.external = external;
    decision.reply_hash = hash;
    decision.is_searched = true;
    decision.probes = 1;
    return true;
}

std::optional<net::Endpoint> find_kept(const AllocatorParams& params, const Request& request,
                                       uint64_t hash, Tick now) {
    const net::Tuple& original = request.original;
    const auto kept = params.kept.find(params.table, original, hash, now, request.ended);
    return kept && is_usable(params.holdings, kept->address) ? kept : std::nullopt;
}

net::Tuple first_guess(const OwnPortGround& ground, const net::Tuple& original, const Rule& rule) {
    net::Tuple reply = original.reversed();
    reply.zone = 0;
    if (!rule.translates())
        return reply;
    if (ground.params.policy->holders.blocks.size != 0)
        return block_keys(original.inside_source(), 0, {}).original;
    reply.destination = rule.pool->address(ground.first.of(*rule.pool, original.inside_source()));
    return reply;
}

}  // namespace sluice::nat
