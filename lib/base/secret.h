// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Secrets: one is drawn at each start, and every use of it has a key of its own, so that what one
/// use shows tells nothing of another's.
///
/// Shape    Values that leave the gateway, or whose effect can be seen from outside, are values of
///          sip_hash() under such a key (docs/security.md).

#include "base/sip_hash.h"

#include <array>
#include <cstdint>

namespace sluice {

/// 256 bits that nobody outside knows.
using Secret = std::array<uint64_t, 4>;

/// What keys are for. A number once given keeps its meaning.
enum class Use : uint8_t {
    FlowTable = 1,         ///< Places in the flow table; which worker opens a flow.
    Hosts = 2,             ///< Places in the table of inside hosts.
    Ports = 3,             ///< Changed ports, and blocks of them.
    Addresses = 4,         ///< Which public address an inside host has.
    Budgets = 5,           ///< Places in the budgets of the gateway's own answers.
    Prefixes = 6,          ///< Places in the table of prefixes that flows are counted for.
    Ipv6Hosts = 7,         ///< Places in the table of IPv6 hosts.
    NextHops = 8,          ///< Places in the table of next hops.
    KeptEndpoints = 9,     ///< Places of inside endpoints with a changed port.
    Ipv6Peers = 10,        ///< Places in the table of IPv6 hosts outside.
    Identifications = 11,  ///< Of IPv4 packets that came as IPv6.
    Ipv6Prefixes = 12,     ///< What stands for IPv6 prefixes that flows are counted for.
};

/// The key for one use: both halves of the secret go into each of its words.
constexpr Secret derive(const Secret& secret, Use use) {
    Secret key{};
    for (uint64_t i = 0; i < key.size(); ++i) {
        const auto label = static_cast<uint64_t>(use);
        key[i] =
            sip_hash({secret[0], secret[1]}, label, i) ^ sip_hash({secret[2], secret[3]}, label, i);
    }
    return key;
}

/// Likewise, as SipHash takes it.
constexpr SipKey derive_sip_key(const Secret& secret, Use use) {
    const Secret key = derive(secret, use);
    return {key[0], key[1]};
}

}  // namespace sluice
