// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Mailbox: what the peer has told, on its way from the pair's thread to the control core.
///
/// Shape    Changes in their order. It is full at kRoom: then the pair's thread stops reading, the
///          connection's buffers fill, and the peer counts what it cannot tell.
/// Threads  put() and room() by one thread, take() by another. The lock is held for moving a vector
///          or appending a batch; take() does not wait for it and returns nothing then.

#include "sync/message.h"

#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

namespace sluice::sync {

struct Change {
    enum class What : uint8_t {
        Begin,
        Put,
        End,
        Complete,
        Name,
        Other,  ///< Another process of the peer's tells from here on: its indexes are its own.
    };

    What what{};
    Record record{};  ///< Of an end: index and generation.
    Host host{};      ///< Of Name: who is meant by a number from now on.
};

/// Appends what the message says of records; nothing of one that says nothing of them.
void append(const Incoming::Message& message, std::vector<Change>& changes);

class Mailbox {
public:
    static constexpr size_t kRoom = 65536;

    void put(std::vector<Change>& changes) {
        const std::lock_guard lock(mutex_);
        waiting_.insert(waiting_.end(), changes.begin(), changes.end());
        changes.clear();
    }
    bool has_room() {
        const std::lock_guard lock(mutex_);
        return waiting_.size() < kRoom;
    }
    /// All that waits, in place of `changes`; false when there is nothing, or not just now.
    bool take(std::vector<Change>& changes) {
        const std::unique_lock lock(mutex_, std::try_to_lock);
        return lock.owns_lock() && take_waiting(changes);
    }
    /// The same, once, by who needs all: waits for as long as a batch takes to be appended.
    bool take_last(std::vector<Change>& changes) {
        const std::lock_guard lock(mutex_);
        return take_waiting(changes);
    }
    /// Those that the peer has told before do not count any more.
    void clear() {
        const std::lock_guard lock(mutex_);
        waiting_.clear();
    }

private:
    bool take_waiting(std::vector<Change>& changes) {
        if (waiting_.empty())
            return false;
        changes.clear();
        std::swap(changes, waiting_);
        return true;
    }

    std::mutex mutex_;
    std::vector<Change> waiting_;
};

}  // namespace sluice::sync
