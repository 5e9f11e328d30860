// SPDX-License-Identifier: BSD-3-Clause
#include "nat/port_blocks.h"

#include <array>

namespace sluice::nat {
namespace {

using net::Endpoint;
using Outcome = Searches::Outcome;
using Claimed = Holders::Claim::Outcome;
using stats::Drop;

/// Addresses of its pool that a host may have blocks of.
constexpr unsigned kMostAddresses = 256;

}  // namespace

Block PortBlocks::block_of(uint32_t index) const {
    const net::Tuple& reply = holders_.record(index).key(net::Direction::Reply);
    const uint16_t first = reply.destination_port.host();
    return {index, reply.destination, {first, static_cast<uint16_t>(first + params_.size - 1)}};
}

std::optional<Block> PortBlocks::held(Be32 host, uint16_t ordinal, Tick now) const {
    const auto index = holders_.find(block_keys(host, ordinal, {}).original, now);
    return index ? std::optional(block_of(*index)) : std::nullopt;
}

/// A free block at the host's address; at the next one where that has none.
std::optional<Block> PortBlocks::take(const Rule& rule, Be32 host, uint16_t ordinal, Tick now,
                                      Drop& reason) {
    std::array<uint32_t, kMostAddresses> order;
    const pool::AddressPool& pool = *rule.pool;
    const auto addresses = pool.ranked(host, order);
    for (size_t i = 0; i < addresses.size();) {
        Endpoint first{pool.address(addresses[i]), {}};
        const Outcome outcome = look_at(first.address, pool.ports(), first, now);
        if (outcome == Outcome::Unfinished)
            return std::nullopt;
        if (outcome == Outcome::Exhausted) {
            ground_.exhaustion.add(pool.slot(addresses[i]), {});
            ++i;
            continue;
        }
        const auto claim = holders_.make(block_keys(host, ordinal, first), {}, now);
        if (claim.outcome == Claimed::EndpointTaken)
            continue;  // by another host, at this moment: it is found taken now
        if (claim.outcome == Claimed::NoSpace) {
            reason = Drop::TableFull;
            return std::nullopt;
        }
        if (i != 0 && claim.outcome == Claimed::Made)
            counters_.count[stats::Count::AddressChanged].add(1);
        return block_of(claim.index);
    }
    if (addresses.size() == pool.size())  // of a larger pool nobody has looked at the others
        reason = Drop::BlocksExhausted;
    return std::nullopt;
}

/// Looks for a free block of an address, and sets `first` to its first port.
Outcome PortBlocks::look_at(Be32 address, pool::PortRange pool, Endpoint& first, Tick now) {
    const pool::BlockGrid grid{params_.size};
    const pool::PortRange numbers = grid.numbers(pool);
    if (numbers.size() == 0)
        return Outcome::Exhausted;
    const auto taken = [&](uint16_t number) {
        const pool::PortRange ports = grid.ports(number);
        first.port = Be16::from_host(ports.first);
        return ground_.statics.reserves_of(address, ports) ||
                       holders_.find(block_keys({}, 0, first).reply, now)
                   ? 1U
                   : 0U;
    };
    return searches_.go_on(block_keys({}, 0, {address, {}}).reply, numbers, kBlocksTried, now,
                           taken);
}

}  // namespace sluice::nat
