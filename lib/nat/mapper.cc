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

/// External ports tried at one address, and addresses tried, for one mapping.
constexpr unsigned kPortsTried = 64;
constexpr unsigned kAddressesTried = 4;

}  // namespace

Mapped Mapper::map(const Rule& rule, const Independence& independence, net::Protocol protocol,
                   Endpoint inside, Tick now) {
    const net::Tuple key = mapping_keys(protocol, inside, {}).original;
    for (unsigned claim = 0; claim < kClaims; ++claim) {
        std::optional<uint32_t> index = holders_.find(key, now);
        if (!index) {
            const auto external = choose(rule, independence, protocol, inside, now);
            if (!external)
                return {{}, {}, stats::Drop::PortsExhausted};
            const bool rests = independence.filtering == Filtering::EndpointIndependent;
            const auto made =
                holders_.make(mapping_keys(protocol, inside, *external), {.rests = rests}, now);
            if (made.outcome == Outcome::NoSpace)
                return {{}, {}, stats::Drop::TableFull};
            if (made.outcome == Outcome::EndpointTaken)
                continue;
            index = made.index;
        }
        return {index, know(*index).external, {}};
    }
    return {{}, {}, stats::Drop::PortsExhausted};
}

/// The endpoint's own port, else one of its class and parity from a random start.
std::optional<Endpoint> Mapper::choose(const Rule& rule, const Independence& independence,
                                       net::Protocol protocol, Endpoint inside, Tick now) {
    const uint16_t own = inside.port.host();
    const pool::PortRange range = pool::search_range(protocol, own, independence.external);
    std::array<uint32_t, kAddressesTried> order;
    for (const uint32_t address : rule.pool->ranked(inside.address, order)) {
        Endpoint external{rule.pool->address(address), inside.port};
        if (independence.external.contains(own) && is_free(protocol, external, now))
            return external;
        const uint32_t start = random() % range.size();
        for (unsigned step = 0; step < std::min(kPortsTried, range.size()); ++step) {
            uint16_t port = range.at(start, 2 * step);
            if (((port ^ own) & 1) != 0 && range.contains(port ^ 1))
                port ^= 1;
            external.port = Be16::from_host(port);
            if (is_free(protocol, external, now))
                return external;
        }
    }
    return std::nullopt;
}

std::optional<uint32_t> Mapper::behind(net::Protocol protocol, Endpoint external, Tick now) const {
    const auto found = holders_.find(mapping_keys(protocol, {}, external).reply, now);
    return found && !holders_.is_resting(*found, now) ? found : std::nullopt;
}

bool Mapper::is_free(net::Protocol protocol, Endpoint external, Tick now) const {
    return !statics_.reserves(protocol, external) &&
           !holders_.find(mapping_keys(protocol, {}, external).reply, now);
}

Mapper::Known Mapper::know(uint32_t mapping) const {
    const net::Tuple& original = holders_.record(mapping).key(Direction::Original);
    const net::Tuple& reply = holders_.record(mapping).key(Direction::Reply);
    Known known{original.protocol,
                {original.source, original.source_port},
                {reply.destination, reply.destination_port},
                Filtering::EndpointDependent};
    if (const Rule* rule = rules_.find(known.inside.address))
        if (const auto* found = rule->independence_of(known.protocol, known.inside.port.host()))
            known.filtering = found->filtering;
    return known;
}

Endpoint Mapper::inside_of(uint32_t mapping) const {
    const net::Tuple& original = holders_.record(mapping).key(Direction::Original);
    return {original.source, original.source_port};
}

uint32_t Mapper::contact(uint32_t mapping, Endpoint remote, std::optional<uint32_t> peer,
                         bool is_hairpin, Tick now) {
    const Known known = know(mapping);
    uint32_t holder = mapping;
    const auto remember = [&](Endpoint whom, std::optional<uint32_t> second) {
        const auto made =
            holders_.make(contact_keys(known.protocol, known.inside, whom, known.external),
                          {.parent = holder, .peer = second}, now);
        // Without room for it the flow opens all the same: what it opened to others is less.
        if (made.outcome == Outcome::Made || made.outcome == Outcome::Exists)
            holder = made.index;
    };
    if (known.filtering == Filtering::AddressDependent)
        remember({remote.address, {}}, {});
    // What goes outside is a permission by itself: its flow. What stays inside may meet the other's
    // filter, and leaves no flow then.
    if (peer || (is_hairpin && known.filtering == Filtering::EndpointDependent))
        remember(remote, peer);
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

/// The table's keyed hash in counter mode, as for other ports (RFC 6056 §3.3.1).
uint32_t Mapper::random() {
    net::Tuple block;  // no packet's tuple: a protocol of 0 parses to nothing
    block.source.raw = static_cast<uint32_t>(++draws_);
    block.destination.raw = static_cast<uint32_t>(draws_ >> 32);
    block.source_port.raw = 0xffff;
    return table_.hash(block);
}

}  // namespace sluice::nat
