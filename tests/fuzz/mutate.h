// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Frames to fuzz with: sound ones of every kind, ways to break them, and cuts into segments.
///
/// Shape    All chance comes from the Draw that is handed in, so a seed repeats a run, and a
///          fuzzer's input says all (input.h).

#include "packet_builder.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <random>
#include <vector>

namespace sluice::test {

using Random = std::mt19937_64;
/// Any number: a seeded generator's next, by std::ref, or the next of an input.
using Draw = std::function<uint64_t()>;

/// One of each kind that parses, and of each that is refused for what it is.
std::vector<Bytes> sound_frames();

/// Changes the frame in one way. Headers are hit more often than payload.
void mutate(Bytes& frame, const Draw& draw);

/// Up to three places to cut a frame of `size` bytes, in ascending order; often none.
std::vector<size_t> any_cuts(const Draw& draw, size_t size);

}  // namespace sluice::test
