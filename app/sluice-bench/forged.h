// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Forged: what honest hosts lose beside a million packets a second from forged sources.
///
/// Shape    200 honest hosts behind the gateway, each with 200 TCP connections (20 if it must be
///          quick), open five questions a second each that are answered after 50 ms. Beside them
///          ten thousand forged inside sources, or a million outside ones at a forward, open flows
///          that nobody answers. Time is the rig's clock: a millisecond for each 1,024 packets of
///          the flood, so what is lost does not depend on the machine.

#include "rig/bench.h"

namespace sluice::bench {

/// Adds the figures of each resource that forged sources could take.
Status run_forged(const Options& options, Bench& bench);

}  // namespace sluice::bench
