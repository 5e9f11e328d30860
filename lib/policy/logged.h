// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Logged: of which rules' flows the logs of translations tell, whatever is said for all.
///
/// Shape    A bit for each number of Tunings. Numbers are for good, so bits come and none goes.
/// Threads  add() by one thread at a time, before a policy holds whose rules have the number;
///          tells() by any. Relaxed is enough: a worker opens a flow of that number after it has
///          seen the policy (acquire, policy/current.h), tells the journal of it after that
///          (release), and who reads the journal (acquire) asks then.

#include <atomic>
#include <cstdint>

namespace sluice::policy {

/// Whether the logs of translations tell of a rule's flows.
enum class Logging : uint8_t { AsSaid, Never, Always };

class Logged {
public:
    void add(uint8_t number, Logging logging) {
        const uint64_t bit = uint64_t{1} << number;
        if (logging == Logging::Never)
            never_.fetch_or(bit, std::memory_order_relaxed);
        if (logging == Logging::Always)
            always_.fetch_or(bit, std::memory_order_relaxed);
    }
    /// Of flows with this number of Tunings; `all`: what is said for those whose rule says nothing.
    bool tells(uint8_t number, bool all) const {
        const uint64_t bit = uint64_t{1} << number;
        const uint64_t other = (all ? never_ : always_).load(std::memory_order_relaxed);
        return all != ((other & bit) != 0);
    }

private:
    std::atomic<uint64_t> never_{0};
    std::atomic<uint64_t> always_{0};
};

}  // namespace sluice::policy
