// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Numbering: how IPv6 hosts get their numbers on this gateway, and whether another one of a pair
/// does alike.

#include "base/clock.h"
#include "config/config.h"
#include "hosts/host_table.h"
#include "link/next_hops.h"
#include "nat64/naming.h"
#include "nat64/numbers.h"
#include "sync/introduction.h"

#include <cstdint>
#include <functional>

namespace sluice::gateway {

struct Ground;

/// Where IPv6 is served.
nat64::NumbersParams number_params(const config::Config& config, const Ground& ground);

/// Of the IPv6 hosts outside that --route6 is for.
nat64::NumbersParams peer_params(const config::Config& config, const Ground& ground);

/// By which what is told of records has their hosts; nothing is on without IPv6.
sync::Ipv6Hosts ipv6_hosts(const config::Config& config, const nat64::Naming& naming);

/// Forgets the MAC of a neighbour that is not used.
using LetGo = std::function<void(link::InterfaceId, Be32, Tick)>;

/// Whether flows of a number stand, or a MAC is known by it that `let_go` does not forget: it is
/// not given to another host then. Who answers for addresses that he has forged would else keep
/// numbers for as long as MACs are known. The tables outlive what is returned.
std::function<bool(uint32_t, Tick)> number_use(const config::Config& config,
                                               const hosts::HostTable& hosts,
                                               const link::NextHops& next_hops, LetGo let_go);

/// Two gateways that have the same know the same IPv6 hosts by the same numbers; 0 without IPv6.
uint32_t numbering_fingerprint(const config::Config& config);

}  // namespace sluice::gateway
