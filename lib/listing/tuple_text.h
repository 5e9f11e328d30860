// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Tuple text: a packet's ends, protocol, state and flags, as people write them.

#include "conntrack/protocol_state.h"
#include "nat64/naming.h"
#include "net/tuple.h"

#include <cstdint>
#include <string>

namespace sluice::listing {

/// "10.1.0.5:4000", or the address alone where there are no ports; "[2001:db8::5]:4000" where
/// `naming` knows the tuple as one of the IPv6 side.
std::string source_text(const net::Tuple& tuple, const nat64::Naming& naming = {});
std::string destination_text(const net::Tuple& tuple, const nat64::Naming& naming = {});
/// "10.1.0.5:4000 -> 203.0.113.10:80".
std::string tuple_text(const net::Tuple& tuple, const nat64::Naming& naming = {});
/// "tcp", or the number of a protocol without a name.
std::string protocol_text(net::Protocol protocol);
/// As `conntrack -L` prints it; empty for a protocol without states.
std::string state_text(net::Protocol protocol, uint8_t bits);
/// "S.", as tcpdump writes them.
std::string flags_text(uint8_t tcp_flags);

}  // namespace sluice::listing
