// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// From IPv4 to IPv6: rewrites a frame in its mbuf, whose headroom takes what IPv6 has more.
///
/// Threads  Pure functions of the mbuf and the addresses.
/// Errors   A drop reason; the frame is then no longer sound.
/// Cost     As that of the other way; of UDP without a checksum all bytes.
/// Source   RFC 7915 §4. No router is passed here: the TTL becomes the hop limit as it is.

#include "nat64/addresses.h"
#include "nat64/zero_checksum.h"
#include "stats/drop.h"

#include <cstddef>
#include <optional>

struct rte_mbuf;

namespace sluice::nat64 {

/// By how much a packet grows, and a fragment.
inline constexpr size_t kGrowth = 20;
inline constexpr size_t kFragmentGrowth = 28;

std::optional<stats::Drop> to_ipv6(rte_mbuf* mbuf, const Addresses& addresses,
                                   ZeroChecksum zero = ZeroChecksum::Compute);

}  // namespace sluice::nat64
