// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Sober: what a benchmark of made packets flatters, and how to take it away.
///
/// Shape    By default a batch of 1024 packets of 64 bytes, just written, lies in the second cache
///          when the worker takes it, in mbufs that follow each other. What arrives at a NIC does
///          not: it lies in the last cache, or without DDIO in memory, in whatever mbuf was free.
/// Source   The sizes are those of FD.io CSIT's IMIX_v4_1: 28 of 64, 16 of 570, 4 of 1518 bytes.

#include "rig/frame.h"
#include "rig/rig.h"

#include <cstddef>
#include <cstdint>

namespace sluice::bench {

struct Sober {
    bool beyond_l2 = false;        ///< More mbufs at once than the second cache holds.
    bool flushed = false;          ///< The packets are in no cache.
    bool in_random_order = false;  ///< The mbufs.
    bool mixed_sizes = false;      ///< An IMIX.
    bool has_timestamp = false;    ///< As TCP has it between most hosts.
};

/// Packets that wait at once: of each the worker touches three lines of mbuf and headers, so 4.7
/// MB, where a second cache has 2 MB at most. A quick run has a sixth of them.
inline constexpr unsigned kSoberBatches = 24;
inline constexpr unsigned kSoberBatchesWhenQuick = 4;
/// With room for whole frames.
inline constexpr Ring kSoberRing{
    .mbufs = 32767, .frame_bytes = 1536, .waiting = (kSoberBatches + 1) * kBatch};

/// A frame that has a timestamp and as much data as one of 60 bytes without.
inline constexpr uint16_t kTimestampFrameBytes = kFrameBytes + 12;

/// Of the nth packet.
void apply(const Sober& sober, size_t nth, Item& item);

}  // namespace sluice::bench
