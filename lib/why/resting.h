// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Resting: whether a gateway drops all that it receives now, and why: Worker::drop_all(), which
/// looks at no packet.
///
/// Threads  Any.

#include "stats/drop.h"
#include "worker/shared.h"
#include "worker/tenure.h"

#include <atomic>
#include <optional>

namespace sluice::why {

inline std::optional<stats::Drop> resting(const worker::Shared& shared) {
    // relaxed: nothing that is read after it hangs on it.
    if (shared.is_active != nullptr && !shared.is_active->load(std::memory_order_relaxed))
        return stats::Drop::Standby;
    worker::Tenure tenure(shared.holdings);
    return tenure.begin_turn() ? std::nullopt : std::optional(stats::Drop::NoLease);
}

}  // namespace sluice::why
