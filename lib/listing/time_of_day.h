// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Time of day: when something was, of which a thread has noted the steady clock.
///
/// Units    Nanoseconds; the time of day since 1970, UTC.
/// Threads  A plain value.

#include <array>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <string>

namespace sluice::listing {

class TimeOfDay {
public:
    /// As both clocks are now: later on, one of them may have been set.
    TimeOfDay() {
        using namespace std::chrono;
        ahead_ = system_clock::now().time_since_epoch() / nanoseconds(1) -
                 steady_clock::now().time_since_epoch() / nanoseconds(1);
    }
    int64_t of(int64_t steady) const { return steady + ahead_; }

private:
    int64_t ahead_;
};

/// "2026-01-31T12:00:00Z".
inline std::string utc_text(std::time_t time) {
    std::tm parts{};
    gmtime_r(&time, &parts);
    std::array<char, 32> text{};
    const size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
    return {text.data(), length};
}

}  // namespace sluice::listing
