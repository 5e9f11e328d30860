// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Taken over: what a tracker's memory is worth when another gateway has written it, and the flow
/// has gone on since.

#include "conntrack/tcp_state.h"
#include "conntrack/tracker.h"

namespace sluice::conntrack {

/// Forgets how far both ends of a TCP connection have come, which has changed since: until both
/// have spoken it is judged as one that was picked up midway, and from then on by its windows, but
/// a window more generously (kTakenOver). What the handshake has fixed stays. True when it was so;
/// one that is still in its handshake goes on with what is known.
bool forget_windows(TcpState state, TrackerMemory memory);

}  // namespace sluice::conntrack
