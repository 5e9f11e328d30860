// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Next segment: what the sender of a flow's packet would say next, where nobody has said it.

#include "conntrack/tracker.h"
#include "net/tuple.h"
#include "why/tracker_copy.h"

#include <cstdint>

namespace sluice::why {

/// The TCP flags that it would set: the handshake's, until there is an answer.
uint8_t likely_flags(net::Direction direction, uint8_t status);

/// Gives the segment the numbers that come next; a SYN comes again.
void go_on(conntrack::Segment& segment, net::Direction direction, const TrackerCopy& memory);

}  // namespace sluice::why
