// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Notices: the last lines of the log, for the page.
///
/// Shape    The newest kMost. The log has all of them, and is what counts.
/// Threads  add() by any, who wait for nobody: while somebody reads, a line is left out. all() by
///          any, at once.
/// Memory   kMost lines.

#include "command/subject.h"

#include <cstddef>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

namespace sluice::command {

class Notices {
public:
    static constexpr size_t kMost = 50;

    void add(const std::string& text);
    /// Oldest first.
    std::vector<Notice> all() const;

private:
    mutable std::mutex mutex_;  // of what follows
    std::deque<Notice> notices_;
};

}  // namespace sluice::command
