// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Kept alive: records of a gateway that stands by have the time left that they had when they were
/// told.
///
/// Shape    Packets renew timeouts at the peer without a word, so what was told last stays. Passes
///          of kPass over all records, in slices.
/// Threads  The control core's, while this gateway stands by.

#include "base/clock.h"
#include "flow/flow_table.h"

#include <cstdint>
#include <optional>

namespace sluice::gateway {

/// What a flow that is taken over has left at least; else what it had when it was told last.
inline constexpr Duration kLeastLeft = Duration::seconds(30);

class KeptAlive {
public:
    explicit KeptAlive(flow::FlowTable& table) : table_(table) {}

    void begin(Tick now);
    void turn(Tick now);

private:
    flow::FlowTable& table_;
    uint32_t position_ = 0;
    std::optional<Tick> kept_at_;
    Tick pass_at_;   // when the pass over all records has begun
    Duration gone_;  // from the one before until then
};

}  // namespace sluice::gateway
