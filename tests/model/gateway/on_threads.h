// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// What the stress programs of this folder share: a gateway of two workers between wires, its fast
/// clock, and how its threads turn.

#include "base/clock.h"
#include "config/config.h"
#include "gateway/gateway.h"
#include "net/text.h"
#include "wire.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <thread>

namespace sluice::test {

inline constexpr unsigned kWorkers = 2;
inline constexpr uint32_t kFlows = 4096;
inline constexpr uint32_t kClockRate = 300;  ///< Gateway seconds in a second.

inline void require(bool holds, const char* what) {
    if (holds)
        return;
    std::fprintf(stderr, "stress: %s\n", what);
    std::abort();
}

inline config::Config configuration() {
    config::Config config;
    config.lans = {{{"inside wire"}, {ip("10.1.0.1"), 24}}};
    config.wans = {{{"outside wire"}, {ip(kPublic), 24}, ip(kRouter)}};
    config.pool = {{ip(kPublic), ip(kPublic)}};
    config.inside = {{ip(kInsideNetwork), 24}};
    config.workers = kWorkers;
    config.flows = kFlows;
    config.no_huge = true;
    return config;
}

inline Tick clock_now() {
    static const auto start = std::chrono::steady_clock::now();
    const auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - start);
    return {1000 + static_cast<uint32_t>(passed.count()) * kClockRate};
}

/// Turns whatever has turn() until told to stop; returns when it has.
template <typename Turned>
void turn_until(const std::atomic<bool>& stop, Turned& turned) {
    while (!stop)
        if (turned.turn(clock_now()) == 0)
            std::this_thread::yield();
    turned.rest();
}

/// Nothing moves: all has been received, and what was received has left.
inline bool is_still(const Wire& wire, const gateway::Gateway& gateway) {
    return wire.is_quiet() && gateway.snapshot().held() == 0;
}

}  // namespace sluice::test
