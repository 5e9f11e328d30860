// SPDX-License-Identifier: BSD-3-Clause
#include "command/task_queue.h"

namespace sluice::command {

TaskQueue::TaskQueue(unsigned threads, const listing::Background& background) {
    try {
        for (unsigned i = 0; i < threads; ++i)
            threads_.emplace_back([this, background] {
                background.enter();
                work();
            });
    } catch (...) {
        shutdown();
        throw;
    }
}

TaskQueue::~TaskQueue() {
    shutdown();
}

TaskQueue::Enqueued TaskQueue::enqueue(Task task) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waiting_.size() < kMaxWaiting; });
    waiting_.push_back(std::move(task));
    changed_.notify_all();
    return static_cast<Enqueued>(true);
}

void TaskQueue::shutdown() {
    {
        const std::lock_guard lock(mutex_);
        closed_ = true;
    }
    changed_.notify_all();
    for (std::thread& thread : threads_)
        thread.join();
    threads_.clear();
}

void TaskQueue::work() {
    std::unique_lock lock(mutex_);
    while (true) {
        changed_.wait(lock, [this] { return closed_ || !waiting_.empty(); });
        if (waiting_.empty())
            return;
        const Task task = std::move(waiting_.front());
        waiting_.pop_front();
        changed_.notify_all();
        lock.unlock();
        task();
        lock.lock();
    }
}

}  // namespace sluice::command
