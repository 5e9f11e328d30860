// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Nearly sound frames of a few flows, on both wires of a testbed: what is nearly sound meets
/// state.
///
/// Shape    The same for the seeded run and for the fuzzer: only the Draw differs.

#include "mutate.h"
#include "testbed.h"

namespace sluice::test {

/// Some frames at once, then a step of the clock. What came out is thrown away: the testbed has
/// checked it.
void send_burst(Testbed& bed, const Draw& draw, int frames);

/// Small tables, so that a new gateway for each input costs little.
void configure_small(config::Config& config);

/// Such a gateway, of two workers that share one queue, configured in one of a few ways.
TestbedOptions small_options(uint64_t choice);

}  // namespace sluice::test
