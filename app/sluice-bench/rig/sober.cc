// SPDX-License-Identifier: BSD-3-Clause
#include "rig/sober.h"

#include <array>

namespace sluice::bench {
namespace {

/// Without the sum that a NIC adds.
constexpr std::array<uint16_t, 12> kImix{60, 566, 60, 60, 566, 60, 1514, 60, 566, 60, 60, 566};

}  // namespace

void apply(const Sober& sober, size_t nth, Item& item) {
    if (sober.mixed_sizes)
        item.bytes = kImix[nth % kImix.size()];
    else if (sober.has_timestamp)
        item.bytes = kTimestampFrameBytes;
    item.has_timestamp = sober.has_timestamp;
}

}  // namespace sluice::bench
