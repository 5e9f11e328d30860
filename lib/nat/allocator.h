// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Allocator: decides which external address and port a new flow, a mapping or a host's block of
/// ports is given. It looks, and changes nothing (docs/adr/0007-decide-then-commit.md).
///
/// Shape    All three are free numbers in a range at one of several addresses. An inside host has
///          one address of its pool, the first in an order of its own, and goes on to the next
///          where that is full; where hosts have blocks of ports, it looks in those that it has,
///          and then for a new one. At each place: the endpoint's own port; some at random, of
///          those that fit (replies arrive at this worker; of a mapping, the same parity); then one
///          after the other, from where the last packet's search came to. Before all of that, the
///          endpoint that it has toward another server.
/// Threads  decide() is for any member of the flow table, with an Allocator of its own; what it
///          remembers is one worker's.
/// Errors   PortsExhausted (AddressesExhausted for protocols without ports) when every address is
///          proven full toward this server, PortsUnsearched when this packet's tries were used up
///          first; NotHeld when no address that would do is this gateway's. With blocks,
///          HostBlocks: those that the host has are used up, and it may have no more;
///          BlocksExhausted: no address of its pool has a free one.
/// Cost     At most kMaxProbes lookups for one packet, and one for each block that a host may have.
/// Source   RFC 4787 REQ-1 to REQ-4; RFC 6056 §3.3.1; RFC 6888 REQ-12 to REQ-14; RFC 6431 calls
///          blocks port sets; get_unique_tuple() of Linux.

#include "base/clock.h"
#include "flow/flow_table.h"
#include "io/steering.h"
#include "nat/decision.h"
#include "nat/first_addresses.h"
#include "nat/holders.h"
#include "nat/kept_endpoints.h"
#include "nat/mappings.h"
#include "nat/rules.h"
#include "nat/searches.h"
#include "pool/draws.h"
#include "pool/exhaustion.h"
#include "pool/holdings.h"
#include "pool/own_ports.h"
#include "pool/static_mappings.h"

#include <array>
#include <cstdint>
#include <optional>

namespace sluice::nat {

inline constexpr unsigned kMaxProbes = 256;      ///< Numbers that one packet may look up.
inline constexpr unsigned kBlockProbes = 64;     ///< Of these, kept for a new block.
inline constexpr unsigned kMostAddresses = 256;  ///< Addresses that one host may be given.

/// What an allocator looks at. All of it outlives the allocator.
struct AllocatorParams {
    flow::FlowTable& table;
    const Current& policy;  ///< Static mappings' ports are given to nobody else.
    const Mappings& mappings;
    const KeptEndpoints& kept;
    const pool::Draws& draws;
    const io::Steering* steering = nullptr;     ///< Null: replies arrive where they arrive.
    const pool::OwnPorts* own_ports = nullptr;  ///< The gateway's, no flow's; null for none.
    const pool::Holdings* holdings = nullptr;   ///< Null: every address may be given.
    bool learns = true;  ///< False for who asks what would be decided, and commits nothing.
};

/// What a decision has found out on its way, for the packets to come.
class Trail {
public:
    void clear() { searches_ = fulls_ = 0; }
    bool is_empty() const { return (searches_ | fulls_) == 0; }

private:
    friend class Allocator;

    std::array<Search, 16> search_;
    unsigned searches_ = 0;
    std::array<uint32_t, kMostAddresses> full_;  // slots of addresses without a free number
    unsigned fulls_ = 0;
    net::Tuple key_;  // of what they had none for
};

class Allocator {
public:
    Allocator(const AllocatorParams& params, uint8_t worker)
        : params_(params), worker_(worker), searches_(params.table, params.learns) {}

    /// The same for a packet of the same tuple at the same moment, if nothing has changed.
    Decision decide(const Request& request, Tick now, Trail& trail) const;

    /// Remembers what a decision has found out.
    void learn(const Trail& trail, pool::Exhaustion& exhaustion, Tick now);

    /// The key that decide() will look up first, most likely.
    net::Tuple first_guess(const net::Tuple& original, const Rule& rule) const;

private:
    enum class Looked : uint8_t { Found, Full, Unfinished };

    /// A packet's wish on its way through the places where it may come true.
    struct Wish {
        const Rule& rule;
        const pool::AddressPool& pool;
        net::Tuple key;     ///< To be free; its destination is tried out.
        uint64_t hash = 0;  ///< Of the key that was looked up last.
        const Ahead* ahead;
        net::InsideAddress host;
        std::optional<uint16_t> own;  ///< The endpoint's own port; nothing: a block is wanted.
        const Independence* mapped;   ///< A mapping is wanted.
        std::optional<net::Endpoint> kept = {};  ///< What the endpoint has toward another server.
        std::optional<Be32> only = {};           ///< No other address will do.
        Tick now;
        pool::Draw draw;  ///< The next.
        Trail& trail;
        uint32_t ended;              ///< As Request::ended.
        unsigned left = kMaxProbes;  ///< Lookups.
        unsigned probes = 0;
        bool is_elsewhere = false;

        bool may_be_at(Be32 address) const { return !only || *only == address; }
        net::Endpoint found() const { return {key.destination, key.destination_port}; }
        pool::PortRange ports_in(pool::PortRange block) const {
            return rule.part_of(block, key.protocol, mapped != nullptr);
        }
    };

    /// An address with the ports there that may be given, or the numbers of blocks.
    struct Place {
        Be32 address;
        pool::PortRange ports;
        bool is_last = true;  ///< No other comes after it, where the host may have ports.
        std::optional<uint32_t> block = {};  ///< The record of the host's block that it is.
    };

    [[gnu::noinline]] Decision decide_at_length(const Request& request, Tick now,
                                                Trail& trail) const;  // by itself: it is rare
    Decision decide_source(const Request& request, Tick now, Trail& trail) const;
    Decision decide_at_uplinks(const Request& request, Tick now, Trail& trail) const;
    Decision decide_at_uplink(const Request& request, std::optional<UplinkId> uplink, Tick now,
                              Trail& trail) const;
    Decision decide_mapping(Wish& wish, net::Endpoint inside) const;
    Decision find(Wish& wish) const;
    Decision find_in_pool(Wish& wish) const;
    Decision find_in_blocks(Wish& wish) const;
    Decision find_in_new_block(Wish& wish, uint16_t ordinal) const;

    Looked look_through_pool(Wish& wish) const;
    Looked look_at_address(Wish& wish, uint32_t index, bool is_last) const;
    Looked look(Wish& wish, const Place& place) const;
    Looked search(Wish& wish, Search& search, bool is_last, bool has_tried_own) const;
    bool try_kept(Wish& wish, pool::PortRange ports) const;
    bool try_some(Wish& wish, pool::PortRange range) const;
    bool try_number(Wish& wish, uint16_t number) const;

    const BlockParams& block_params() const { return params_.policy->holders.blocks; }
    bool is_reserved(const Wish& wish, uint16_t number) const;
    bool fits(const Wish& wish, uint16_t number) const;
    bool is_steered(const Wish& wish) const;
    bool steers_own_ports(const Wish& wish) const;

    std::optional<Place> block_of(net::InsideAddress host, uint16_t ordinal, Tick now) const;

    AllocatorParams params_;
    uint8_t worker_;
    Searches searches_;
    mutable FirstAddresses first_;  // only to save time
};

}  // namespace sluice::nat
