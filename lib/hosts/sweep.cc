// SPDX-License-Identifier: BSD-3-Clause
#include "hosts/sweep.h"

#include <algorithm>

namespace sluice::hosts {

uint32_t Sweep::due(uint32_t entries, Tick now) {
    const Duration since = last_ ? now - *last_ : Duration{};
    last_ = now;
    const auto pass = static_cast<uint64_t>(pass_.milliseconds);
    const auto gone = static_cast<uint64_t>(std::clamp(since.milliseconds, 0, pass_.milliseconds));
    // What is not worth a whole entry adds up.
    const uint64_t share = entries * gone + rest_;
    rest_ = share % pass;
    return static_cast<uint32_t>(share / pass);
}

}  // namespace sluice::hosts
