// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Timeouts: those of a tuning by their names, and which of them a rule has of its own.
///
/// Source   The names are those of the flags behind "timeout-": of the sysctls, without what comes
///          before the protocol.

#include "conntrack/protocol_state.h"
#include "conntrack/tuning.h"
#include "net/tuple.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace sluice::conntrack {

struct NamedTimeout {
    std::string_view name;
    Duration& (*of)(Tuning& tuning);
};

inline constexpr size_t kTimeoutCount = 25;

/// All of them.
std::span<const NamedTimeout, kTimeoutCount> timeouts();
/// The place of that name among them; nothing where there is none.
std::optional<size_t> timeout_place(std::string_view name);

/// The place of the one by which a flow is kept that is in this state; nothing where it has none.
/// While segments are sent again or not acknowledged, another one may cap it.
std::optional<size_t> timeout_of(net::Protocol protocol, ProtocolState state, uint8_t status);
/// The first is such another one, for flows that are kept by the second.
bool may_cap(size_t cap, size_t timeout);

/// By their places; 0 for those that are as the tuning says.
using OwnTimeouts = std::array<Duration, kTimeoutCount>;

/// With those of its own in place of the tuning's.
Tuning with_own(Tuning tuning, const OwnTimeouts& own);

}  // namespace sluice::conntrack
