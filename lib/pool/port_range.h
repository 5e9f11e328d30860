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

/// The ports that anybody may bind; port blocks are cut from it.
inline constexpr PortRange kUserPorts{1024, 65535};

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

}  // namespace sluice::pool
