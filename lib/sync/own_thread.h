// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Own thread: in the background, of who speaks with other machines.
///
/// Shape    It goes on until it sees that it is asked to stop. A connection that breaks sends it no
///          signal.
/// Threads  start() and stop() of whoever has it; the rest of any.
/// Errors   start() says in a sentence why not.

#include "base/result.h"
#include "listing/background.h"

#include <atomic>
#include <functional>
#include <string>
#include <thread>

namespace sluice::sync {

class OwnThread {
public:
    OwnThread() = default;
    ~OwnThread() { stop(); }
    OwnThread(const OwnThread&) = delete;
    OwnThread& operator=(const OwnThread&) = delete;

    /// `flag` is for whom, as the sentence has it.
    Status start(const std::string& flag, const listing::Background& background,
                 std::function<void()> run);
    bool is_started() const { return thread_.joinable(); }
    // relaxed: joining the thread orders all else.
    bool is_asked_to_stop() const { return is_asked_.load(std::memory_order_relaxed); }
    void ask_to_stop() { is_asked_.store(true, std::memory_order_relaxed); }
    /// And waits until it has.
    void stop();

private:
    std::atomic<bool> is_asked_{false};
    std::thread thread_;
};

}  // namespace sluice::sync
