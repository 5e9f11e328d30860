// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Router pace: how often all hosts of a link are told of their router because one has asked.
///
/// Shape    Who asks without an address is told before everybody, and so could have everybody
///          told as often as he likes. Once in three seconds is enough: whoever asks in between
///          has heard the last one, or asks again four seconds later.
/// Threads  Any: one for all workers, who may be a little apart in time.
/// Source   RFC 4861 §6.2.6, and §10: MIN_DELAY_BETWEEN_RAS, RTR_SOLICITATION_INTERVAL.

#include "base/clock.h"

#include <atomic>
#include <cstdint>

namespace sluice::nat64 {

inline constexpr Duration kBetweenAdvertisements = Duration::seconds(3);

class RouterPace {
public:
    /// True for one of those who ask within that time.
    bool take(Tick now) {
        // relaxed, both: no other memory is learned of by it.
        uint64_t last = last_.load(std::memory_order_relaxed);
        if (last != kNever && is_near(now - Tick{static_cast<uint32_t>(last)}))
            return false;
        return last_.compare_exchange_strong(last, now.milliseconds, std::memory_order_relaxed);
    }

private:
    static constexpr uint64_t kNever = UINT64_MAX;

    /// Either way: what lies weeks back may look like what is to come.
    static constexpr bool is_near(Duration passed) {
        return passed < kBetweenAdvertisements &&
               passed.milliseconds > -kBetweenAdvertisements.milliseconds;
    }

    std::atomic<uint64_t> last_{kNever};
};

}  // namespace sluice::nat64
