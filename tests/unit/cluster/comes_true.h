// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Whether what other threads bring about comes about.

#include <chrono>
#include <thread>

namespace sluice::cluster::testing {

inline constexpr std::chrono::seconds kPatience{20};

template <typename Condition>
bool comes_true(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (std::chrono::steady_clock::now() < end) {
        if (condition())
            return true;
        std::this_thread::yield();
    }
    return false;
}

}  // namespace sluice::cluster::testing
