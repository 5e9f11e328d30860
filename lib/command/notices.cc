// SPDX-License-Identifier: BSD-3-Clause
#include "command/notices.h"

namespace sluice::command {

void Notices::add(const std::string& text) {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock)
        return;
    notices_.push_back({std::time(nullptr), text});
    if (notices_.size() > kMost)
        notices_.pop_front();
}

std::vector<Notice> Notices::all() const {
    const std::lock_guard lock(mutex_);
    return {notices_.begin(), notices_.end()};
}

}  // namespace sluice::command
