// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Displacement: makes room for a key by moving others to their other bucket.
///
/// Shape    Breadth-first search from both buckets of the key, so that the fewest moves are found:
///          at most kMostMoves, at most kMostBuckets looked at.
/// Threads  As CuckooIndex.
/// Cost     One line per bucket looked at, prefetched; one record line per move.

#include "flow/cuckoo_index.h"

#include <array>
#include <cstdint>

namespace sluice::flow {

inline constexpr unsigned kMostMoves = 3;
inline constexpr unsigned kMostBuckets = 500;

struct Room {
    bool found = false;
    unsigned moves = 0;
};

/// What the index has been through, of all members together, since the start.
struct IndexCounters {
    std::array<uint64_t, kMostMoves + 1> keys_by_moves{};  ///< Keys claimed after so many moves.
    uint64_t no_space = 0;                                 ///< Inserts that found no room.
};

/// Leaves a slot empty in one of the key's buckets, which another may take before the caller does.
Room make_room(CuckooIndex& index, const Place& place);

/// Sends for what make_room() will look at first, if it will be needed at all.
void prefetch_room(const CuckooIndex& index, const Place& place);

}  // namespace sluice::flow
