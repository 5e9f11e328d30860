// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Port ranges: which external ports may stand in for a source port.
///
/// Units    Ports in host order; both ends belong to the range.
/// Source   The three ranges of Linux nf_nat: a privileged port stays privileged, and a port that
///          only root may bind does not become one that anybody may.

#include "net/tuple.h"

#include <cstdint>

namespace sluice::pool {

struct PortRange {
    uint16_t first = 0;
    uint16_t last = 0;

    constexpr uint32_t size() const { return uint32_t{last} - first + 1; }
    constexpr bool contains(uint16_t port) const { return first <= port && port <= last; }
    /// The port `offset` steps behind `start`, around the end of the range.
    constexpr uint16_t at(uint32_t start, uint32_t offset) const {
        return static_cast<uint16_t>(first + (start + offset) % size());
    }
    constexpr bool operator==(const PortRange&) const = default;
};

/// All that 16 bits hold.
inline constexpr PortRange kAllPorts{0, 65535};

/// The ports that anybody may bind; port blocks are cut from it.
inline constexpr PortRange kUserPorts{1024, 65535};

/// The user ports of a pool; size 0 where it has none.
constexpr PortRange user_ports(PortRange pool) {
    const uint16_t first = pool.first > kUserPorts.first ? pool.first : kUserPorts.first;
    return pool.last < first ? PortRange{1, 0} : PortRange{first, pool.last};
}

/// The blocks that an address's ports are cut into, at multiples of their size: pools that share
/// addresses share them.
struct BlockGrid {
    uint16_t size = 0;  ///< Ports in a block; a power of two, or 0 for no blocks.

    constexpr PortRange ports(uint16_t number) const {
        return {static_cast<uint16_t>(number * size),
                static_cast<uint16_t>(number * size + size - 1)};
    }
    /// The numbers of the blocks that lie within a pool's user ports; size 0 where it has none.
    constexpr PortRange numbers(PortRange pool) const {
        const PortRange user = user_ports(pool);
        const uint32_t first = (uint32_t{user.first} + size - 1) / size;
        const uint32_t behind = (uint32_t{user.last} + 1) / size;
        if (user.size() == 0 || behind <= first)
            return {1, 0};
        return {static_cast<uint16_t>(first), static_cast<uint16_t>(behind - 1)};
    }
};

/// The range in which another port for `source` is looked for. An ICMP identifier is any number.
constexpr PortRange search_range(net::Protocol protocol, uint16_t source) {
    if (protocol == net::Protocol::Icmp)
        return {0, 65535};
    if (source < 512)
        return {1, 511};
    if (source < 1024)
        return {600, 1023};
    return kUserPorts;
}

/// What of a pool's ports is searched for `source`: the class of the source port where the pool has
/// ports of it, else all of the pool's, as Linux does with an explicit range.
constexpr PortRange search_range(net::Protocol protocol, uint16_t source, PortRange pool) {
    const PortRange usual = search_range(protocol, source);
    const PortRange both{usual.first > pool.first ? usual.first : pool.first,
                         usual.last < pool.last ? usual.last : pool.last};
    return both.first <= both.last ? both : pool;
}

}  // namespace sluice::pool
