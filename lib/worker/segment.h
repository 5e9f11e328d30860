// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Segment: what the trackers look at, read from a packet as it arrived.
///
/// Cost     The TCP header's line of the frame, which parsing has touched already.

#include "conntrack/tracker.h"
#include "net/packet.h"
#include "net/tuple.h"

namespace sluice::worker {

conntrack::Segment segment_of(const net::Packet& packet, const net::Tuple& tuple);

}  // namespace sluice::worker
