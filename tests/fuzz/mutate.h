// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Frames to fuzz with: sound ones of every kind, ways to break them, and cuts into segments.
///
/// Shape    All chance comes from the Random that is handed in, so a seed repeats a run.

#include "packet_builder.h"

#include <cstddef>
#include <random>
#include <vector>

namespace sluice::test {

using Random = std::mt19937_64;

/// One of each kind that parses, and of each that is refused for what it is.
std::vector<Bytes> sound_frames();

/// Changes the frame in one way. Headers are hit more often than payload.
void mutate(Bytes& frame, Random& random);

/// Up to three places to cut a frame of `size` bytes, in ascending order; often none.
std::vector<size_t> any_cuts(Random& random, size_t size);

}  // namespace sluice::test
