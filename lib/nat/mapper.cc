// SPDX-License-Identifier: BSD-3-Clause
#include "nat/mapper.h"

#include <algorithm>
#include <array>

namespace sluice::nat {
namespace {

using net::Direction;
using net::Endpoint;
using Outcome = Holders::Claim::Outcome;

/// How often an endpoint may be lost to another worker before the packet is given up.
constexpr unsigned kClaims = 4;

/// External ports tried for one packet; at one address, or in one block, of the endpoint's parity,
/// and of any; and addresses tried.
constexpr unsigned kMostTries = 192;
constexpr unsigned kEvenTries = 16;
constexpr unsigned kTries = 128;
constexpr unsigned kMostAddresses = 256;

}  // namespace

Mapped Mapper::map(const Rule& rule, const Independence& independence, net::Protocol protocol,
                   Endpoint inside, Tick now) {
    const net::Tuple key = mapping_keys(protocol, inside, {}).original;
    tries_left_ = kMostTries;
    for (unsigned claim = 0; claim < kClaims; ++claim) {
        std::optional<uint32_t> index = holders_.find(key, now);
        if (!index) {
            const Want want{rule, independence, protocol, inside, now};
            const Choice choice = blocks_.are_used() ? choose_in_block(want) : choose(want);
            if (!choice.external)
                return {{}, {}, choice.reason};
            const bool rests = independence.filtering == Filtering::EndpointIndependent;
            const auto made = holders_.make(mapping_keys(protocol, inside, *choice.external),
                                            {.parent = choice.block, .rests = rests}, now);
            if (made.outcome == Outcome::NoSpace)
                return {{}, {}, stats::Drop::TableFull};
            if (made.outcome == Outcome::EndpointTaken || made.outcome == Outcome::ParentEnded)
                continue;
            index = made.index;
        }
        return {index, know(*index).external, {}};
    }
    return {{}, {}, stats::Drop::PortsUnsearched};
}

Mapper::Choice Mapper::choose(const Want& want) {
    const pool::AddressPool& pool = *want.rule.pool;
    const Be32 host = want.inside.address;
    Endpoint external;
    auto outcome = try_address(want, external, pool.first(host).index);
    bool is_unfinished = outcome == Searches::Outcome::Unfinished;
    if (outcome != Searches::Outcome::Found) {
        std::array<uint32_t, kMostAddresses> order;
        const auto addresses = pool.ranked(host, order);
        is_unfinished |= addresses.size() < pool.size();
        for (size_t i = 1; i < addresses.size() && outcome != Searches::Outcome::Found; ++i) {
            outcome = try_address(want, external, addresses[i]);
            is_unfinished |= outcome == Searches::Outcome::Unfinished;
        }
    }
    if (outcome == Searches::Outcome::Found)
        return {external, {}, {}};
    return {{}, {}, is_unfinished ? stats::Drop::PortsUnsearched : stats::Drop::PortsExhausted};
}

Searches::Outcome Mapper::try_address(const Want& want, Endpoint& external, uint32_t address) {
    const pool::AddressPool& pool = *want.rule.pool;
    external.address = pool.address(address);
    const auto outcome = try_ports(want, external, want.independence.external);
    if (outcome == Searches::Outcome::Exhausted)
        ground_.exhaustion.add(pool.slot(address), mapping_keys(want.protocol, {}, {}).reply);
    return outcome;
}

Mapper::Choice Mapper::choose_in_block(const Want& want) {
    Endpoint external;
    const auto found =
        blocks_.find(want.rule, want.inside.address, want.now, [&](const Block& block) {
            external.address = block.address;
            return try_ports(want, external, want.rule.part_of(block.ports, want.protocol, true));
        });
    if (!found.index)
        return {{}, {}, found.reason};
    return {external, found.index, {}};
}

/// The endpoint's own port; one of its class and parity, from a random start; any of its class.
Searches::Outcome Mapper::try_ports(const Want& want, Endpoint& external, pool::PortRange ports) {
    const uint16_t own = want.inside.port.host();
    const auto is_taken = [&](uint16_t port) -> uint32_t {
        external.port = Be16::from_host(port);
        return is_free(want, external) ? 0 : 1;
    };
    if (ports.contains(own) && is_taken(own) == 0)
        return Searches::Outcome::Found;
    const pool::PortRange range = pool::search_range(want.protocol, own, ports);
    const net::Tuple key = mapping_keys(want.protocol, {}, {external.address, {}}).reply;
    const PortSearch* known = searches_.recall(key, range, want.now);
    const uint32_t start = searches_.draw() % range.size();
    const unsigned even = known == nullptr ? std::min({kEvenTries, range.size(), tries_left_}) : 0;
    tries_left_ -= even;
    for (unsigned step = 0; step < even; ++step) {
        uint16_t port = range.at(start, 2 * step);
        if (((port ^ own) & 1) != 0 && range.contains(port ^ 1))
            port ^= 1;
        if (is_taken(port) == 0)
            return Searches::Outcome::Found;
    }
    const unsigned limit = std::min(tries_left_, kTries);
    tries_left_ -= limit;
    return searches_.go_on(key, range, limit, want.now, is_taken);
}

std::optional<uint32_t> Mapper::behind(net::Protocol protocol, Endpoint external, Tick now) const {
    const auto found = holders_.find(mapping_keys(protocol, {}, external).reply, now);
    return found && !holders_.is_resting(*found, now) ? found : std::nullopt;
}

bool Mapper::is_free(const Want& want, Endpoint external) const {
    return !ground_.statics.reserves(want.protocol, external) &&
           !holders_.find(mapping_keys(want.protocol, {}, external).reply, want.now);
}

Mapper::Known Mapper::know(uint32_t mapping) const {
    const net::Tuple& original = holders_.record(mapping).key(Direction::Original);
    const net::Tuple& reply = holders_.record(mapping).key(Direction::Reply);
    Known known{original.protocol,
                {original.source, original.source_port},
                {reply.destination, reply.destination_port},
                Filtering::EndpointDependent};
    if (const Rule* rule = ground_.rules.find(known.inside.address))
        if (const auto* found = rule->independence_of(known.protocol, known.inside.port.host()))
            known.filtering = found->filtering;
    return known;
}

Endpoint Mapper::inside_of(uint32_t mapping) const {
    const net::Tuple& original = holders_.record(mapping).key(Direction::Original);
    return {original.source, original.source_port};
}

std::optional<uint32_t> Mapper::contact(uint32_t mapping, Endpoint remote,
                                        std::optional<uint32_t> peer, bool is_hairpin, Tick now) {
    const Known known = know(mapping);
    uint32_t holder = mapping;
    const auto remember = [&](Endpoint whom, std::optional<uint32_t> second) {
        const auto made =
            holders_.make(contact_keys(known.protocol, known.inside, whom, known.external),
                          {.parent = holder, .peer = second}, now);
        const bool is_there = made.outcome == Outcome::Made || made.outcome == Outcome::Exists;
        if (is_there)
            holder = made.index;
        return is_there;
    };
    // Without room for it the flow opens all the same: what it opened to others is less.
    if (known.filtering == Filtering::AddressDependent)
        remember({remote.address, {}}, {});
    // What goes outside is a permission by itself: its flow. What stays inside may meet the other's
    // filter, and leaves no flow then.
    if (peer || (is_hairpin && known.filtering == Filtering::EndpointDependent))
        if (!remember(remote, peer) && peer)
            return std::nullopt;  // nothing would keep the peer's mapping as long as the flow
    return holder;
}

bool Mapper::admits(uint32_t mapping, Endpoint remote, Tick now) const {
    const Known known = know(mapping);
    if (known.filtering == Filtering::EndpointIndependent)
        return true;
    if (known.filtering == Filtering::AddressDependent)
        remote.port = {};
    const HolderKeys keys = contact_keys(known.protocol, known.inside, remote, known.external);
    return holders_.find(keys.reply, now).has_value();
}

}  // namespace sluice::nat
