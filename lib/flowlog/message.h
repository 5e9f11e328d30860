// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Message: what is sent to a collector at once, and what a sender must know of it.
///
/// Units    Milliseconds since 1970, UTC.

#include <cstdint>
#include <string>

namespace sluice::flowlog {

struct Period {
    int64_t first = 0;
    int64_t last = 0;
};

struct Message {
    enum class Kind : uint8_t {
        Templates,  ///< How to read the others.
        Records,    ///< Of translations or blocks.
        Losses,     ///< How many of these have been lost, and when.
    };

    std::string bytes;
    Kind kind = Kind::Records;
    uint32_t records = 0;  ///< All but templates.
    Period period{};       ///< Of its first and its last record.
    uint32_t steps = 0;    ///< By which it raises the sequence numbers.
    uint64_t told = 0;     ///< Of Losses: what had been told before (Account::told()).

    /// One more record is in it, of that time.
    void count(int64_t time) {
        if (records++ == 0)
            period.first = time;
        period.last = time;
    }
};

}  // namespace sluice::flowlog
