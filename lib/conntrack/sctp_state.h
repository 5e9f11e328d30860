// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// SCTP association states as a NAT sees them, and how one chunk moves between them.
///
/// Shape    A pure function over three small enums. No flow, no clock, no packet.
/// Source   RFC 9260 §4. Names and transitions as the running Linux 6.x shows them in
///          `conntrack -L`, but that a flow opens by INIT alone.

#include "base/enum.h"
#include "net/tuple.h"
#include "sctp/packet.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice::conntrack {

enum class SctpState : uint8_t {
    None,             ///< No packet seen.
    Closed,           ///< INIT seen in the original direction, or the association is over.
    CookieWait,       ///< INIT ACK seen in answer.
    CookieEchoed,     ///< COOKIE ECHO seen.
    Established,      ///< COOKIE ACK seen.
    ShutdownSent,     ///< SHUTDOWN seen in the original direction.
    ShutdownRecd,     ///< SHUTDOWN seen in the reply direction.
    ShutdownAckSent,  ///< SHUTDOWN ACK seen.
};

inline constexpr size_t kSctpStateCount = index(SctpState::ShutdownAckSent) + 1;

/// As `conntrack -L` prints it: "COOKIE_WAIT".
std::string_view sctp_state_name(SctpState state);

/// The state after `chunk` travelled in `direction` over an association in `state`. None stays None
/// but for a chunk that may open one.
SctpState next(net::Direction direction, sctp::Chunk chunk, SctpState state);

}  // namespace sluice::conntrack
