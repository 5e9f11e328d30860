// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Task queue: the threads that answer connections, and the few connections that may wait for one.
///
/// Threads  enqueue() waits for room, so that a flood of connections stays in the socket's backlog
///          and takes neither memory nor descriptors from the gateway.
/// Memory   `threads` and kMaxWaiting tasks.

#include "listing/background.h"

#include <condition_variable>
#include <deque>
#include <functional>
#include <httplib.h>
#include <mutex>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace sluice::command {

class TaskQueue : public httplib::TaskQueue {
public:
    using Task = std::function<void()>;
    static constexpr size_t kMaxWaiting = 8;
    // It became bool in later versions of the library.
    using Enqueued = decltype(std::declval<httplib::TaskQueue&>().enqueue(std::declval<Task>()));

    /// Throws std::system_error when there are no threads to be had.
    TaskQueue(unsigned threads, const listing::Background& background);
    ~TaskQueue() override;

    Enqueued enqueue(Task task) override;
    /// Returns when every task has been run.
    void shutdown() override;

private:
    void work();

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Task> waiting_;
    bool closed_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace sluice::command
