// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Gained addresses: tells the network of those of a cluster's public addresses that this gateway
/// has begun to hold: on one segment that is all that moves them.
///
/// Shape    Each is announced at once, and again after 2 s, on every interface where it is answered
///          for and on whose subnet it is. All that are held count as gained when a lease that was
///          over is confirmed again.
/// Threads  The control core's.
/// Cost     With a cluster a read of the clock a turn; kHastyBatch frames a millisecond at most.

#include "base/clock.h"
#include "control/announcer.h"
#include "link/interfaces.h"
#include "policy/announcing.h"
#include "pool/holdings.h"

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace sluice::control {

class GainedAddresses {
public:
    /// All of them outlive this object; without `holdings` there is never anything to tell.
    GainedAddresses(const pool::Holdings* holdings, const link::Interfaces& interfaces,
                    Announcer& announcer);

    void turn(const policy::Announcing& announcing, Tick now);

private:
    struct Again {
        uint32_t index;
        Tick due;
    };

    void look(bool has_lease);
    void announce_some(const policy::Announcing& announcing, Tick now);
    void announce(const policy::Announcing& announcing, uint32_t index);

    const pool::Holdings* holdings_;  // null without a cluster
    const link::Interfaces& interfaces_;
    Announcer& announcer_;
    std::vector<bool> was_held_;  // by address
    bool had_lease_ = false;
    uint32_t edition_ = 0;         // of the holdings, that was looked at
    std::deque<uint32_t> gained_;  // indexes, to be announced
    std::deque<Again> again_;      // the first is due first
    std::optional<Tick> next_;     // no frame before
};

}  // namespace sluice::control
