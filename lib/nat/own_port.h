// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Own port: what most flows are given, their own port at the first address of their host, found
/// without the allocator's way through all that it might be.
///
/// Rule     The allocator would find the same, as the first of its lookups: where another thing
///          may come first (a mapping, a block of ports, an endpoint that is kept, a port by which
///          replies arrive at their worker) nothing is decided here.
/// Threads  Those of the allocator.
/// Cost     One lookup.

#include "nat/allocator.h"

#include <cstdint>
#include <optional>

namespace sluice::nat {

/// Of the allocator, what this looks at.
struct OwnPortGround {
    const AllocatorParams& params;
    FirstAddresses& first;
};

/// False, and nothing is decided, where that is not to be had, or another may come first.
bool take_own_port(const OwnPortGround& ground, const Request& request, Tick now,
                   Decision& decision);

/// What the flow's inside endpoint, of this hash, has toward another server, at an address that may
/// be used.
std::optional<net::Endpoint> find_kept(const AllocatorParams& params, const Request& request,
                                       uint64_t hash, Tick now);
/// Likewise, and at once where there is none.
inline std::optional<net::Endpoint> find_kept(const AllocatorParams& params, const Request& request,
                                              Tick now) {
    const uint64_t hash = request.ahead != nullptr ? request.ahead->endpoint_hash
                                                   : params.kept.hash(request.original);
    return params.kept.may_have(hash) ? find_kept(params, request, hash, now) : std::nullopt;
}

/// The key that an allocator looks up first for a flow from inside, most likely: Ahead::reply.
net::Tuple first_guess(const OwnPortGround& ground, const net::Tuple& original, const Rule& rule);

/// Given to others by the operator, or the gateway's own, or for mappings.
inline bool is_reserved(const AllocatorParams& params, const Rule& rule, net::Protocol protocol,
                        net::Endpoint external, bool is_mapped) {
    if (params.own_ports != nullptr && params.own_ports->contains(protocol, external))
        return true;
    const policy::Policy& policy = *params.policy;
    const bool is_for_mappings = !is_mapped && policy.holders.blocks.size == 0 &&
                                 rule.reserves(protocol, external.port.host()) != 0;
    return is_for_mappings || policy.statics.reserves(protocol, external);
}

/// By another flow than the one that counts as gone.
inline bool is_held(flow::FlowRef holder, uint32_t ended) {
    return holder && holder.index() != ended;
}

/// That of a key, which is known where it was foreseen.
inline uint64_t hash_of(const flow::FlowTable& table, const Ahead* ahead, const net::Tuple& key) {
    return ahead != nullptr && ahead->reply == key ? ahead->reply_hash : table.hasher()(key);
}

}  // namespace sluice::nat
