// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Age: how long a record has been there, which ticks alone could not tell for ever.
///
/// Units    Ticks come round in 49 days. So a record becomes no older than kOldest: ageing then
///          makes the moment of its opening later, and whoever is that old is that or older.
/// Threads  As FlowRecord: the control core alone changes the moment of a record that lives; all
///          reads of it are relaxed.

#include "base/clock.h"
#include "flow/flow_record.h"

#include <atomic>
#include <cstdint>

namespace sluice::flow {

inline constexpr Duration kOldest = Duration::seconds(24 * 24 * 3600);

/// When a record that others see was opened, or kOldest ago.
inline Tick opened_at(const FlowRecord& record) {
    static_assert(std::atomic_ref<Tick>::is_always_lock_free);
    return std::atomic_ref(const_cast<Tick&>(record.opened)).load(std::memory_order_relaxed);
}

/// Milliseconds since a moment, by whose clock is behind that of the moment by an hour at most.
constexpr uint32_t age_ms(Tick opened, Tick now) {
    constexpr uint32_t kAnHour = 3'600'000;
    const uint32_t age = now.milliseconds - opened.milliseconds;
    return age > UINT32_MAX - kAnHour ? 0 : age;
}

/// Lets a record become no older than ages are known. For who looks at each every few days at
/// least.
inline void limit_age(FlowRecord& record, Tick now) {
    Tick opened = opened_at(record);
    // Whoever has put it to another use meanwhile has written another moment.
    if (age_ms(opened, now) > uint32_t(kOldest.milliseconds))
        std::atomic_ref(record.opened)
            .compare_exchange_strong(opened, now + Duration{-kOldest.milliseconds},
                                     std::memory_order_relaxed);
}

}  // namespace sluice::flow
