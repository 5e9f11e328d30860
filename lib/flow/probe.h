// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Probe: the middle of a lookup in bulk, from hashes to records that are on their way to the
/// cache.
///
/// Shape    One pass over the primary buckets of a burst, by the widest vectors that the CPU has.
/// Threads  As CuckooIndex. A vector load of a bucket is, on x86, eight loads of a word each, later
///          than what stands before it and earlier than what stands after it; no other machine
///          takes this way, nor does the thread sanitizer's build.
/// Cost     One line per tuple; the lines of a burst arrive together.

#include "flow/cuckoo_index.h"

#include <array>
#include <cstdint>
#include <span>

namespace sluice::flow {

inline constexpr unsigned kMaxProbes = 64;
inline constexpr unsigned kProbesAtOnce = 8;

/// Of a burst, one element or one bit per tuple.
struct Probes {
    /// Beyond a burst, any value may stand up to the next multiple of kProbesAtOnce.
    alignas(64) std::array<uint64_t, kMaxProbes> hash;

    // What a scan needs of the keys; not every kind of probe uses it.
    alignas(64) std::array<uint64_t, kMaxProbes> offset;  ///< Of the primary bucket, in bytes.
    alignas(64) std::array<uint64_t, kMaxProbes> wanted;  ///< SlotWord::wanted().
    alignas(64) std::array<uint64_t, kMaxProbes> filter;  ///< MetaWord::filter_bits().

    std::array<SlotWord, kMaxProbes> word;  ///< Where `found`: a word with the key's tag.
    uint64_t found = 0;
    uint64_t elsewhere = 0;  ///< Not in the primary bucket, perhaps in the secondary.
    uint64_t uncertain = 0;  ///< The bucket changed while it was read.
};

/// One way to look into the primary buckets of a burst.
struct Probe {
    /// Sends for the buckets of `count` tuples from `first`, a multiple of kProbesAtOnce, on.
    void (*prepare)(const CuckooIndex& index, Probes& probes, unsigned first, unsigned count);

    /// Reads the buckets of the first `count`. Bits of `probes` that stay clear are misses.
    void (*scan)(const CuckooIndex& index, Probes& probes, unsigned count);
};

/// Those that this CPU can run, the fastest last. The first is the plain one, the others' oracle.
std::span<const Probe> supported_probes();

}  // namespace sluice::flow
