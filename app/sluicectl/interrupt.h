// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Interrupt: lets a signal end a long answer in good order.
///
/// Threads  Made by the main thread before there are others. `stop` is called from a thread of its
///          own, once at most.

#include <atomic>
#include <functional>
#include <thread>

namespace sluicectl {

class Interrupt {
public:
    /// From now on SIGINT and SIGTERM call `stop`, and do nothing else.
    explicit Interrupt(std::function<void()> stop);
    ~Interrupt();
    Interrupt(const Interrupt&) = delete;

    bool has_come() const { return has_come_.load(); }

private:
    void wait();

    std::function<void()> stop_;
    std::atomic<bool> ended_{false};
    std::atomic<bool> has_come_{false};
    std::thread thread_;
};

}  // namespace sluicectl
