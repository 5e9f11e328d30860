// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// The number of what a flow's tracker remembers: of the fields of TcpTracker, TcpEnd and
/// SctpTracker, and of the values of their states. Whoever changes one of these gives it the next
/// (tests/unit/state/soundness_test.cc has their sizes): by it a process knows whether it can go on
/// with what another has left.

#include <cstdint>

namespace sluice::conntrack {

inline constexpr uint32_t kTrackerLayout = 2;

}  // namespace sluice::conntrack
