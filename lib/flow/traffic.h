// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Traffic: how much has gone over a flow.
///
/// Units    Packets, and bytes of their IP datagrams, headers and all.
/// Source   nf_conntrack_acct of Linux, which counts the same.

#include <array>
#include <cstdint>

namespace sluice::flow {

struct Traffic {
    uint64_t packets = 0;
    uint64_t bytes = 0;

    constexpr bool operator==(const Traffic&) const = default;
};

/// Indexed by net::Direction.
using BothTraffic = std::array<Traffic, 2>;

}  // namespace sluice::flow
