// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Log writer: puts the lines of the daemon's log into a descriptor, from a thread of its own, so
/// that nobody who has something to say waits for whoever reads it.
///
/// Shape    Two buffers: one that lines are added to, one that is being written. What finds no room
///          is lost, counted, and said in the log itself as soon as lines go through again.
/// Threads  write() and lost() by any, at once. The lock is held for as long as it takes to copy a
///          line or to swap the buffers, never while the descriptor is written.
/// Errors   A line that the descriptor does not take (its reader is gone, its disk is full), or for
///          which there is no memory, is lost like any other.
/// Memory   Twice `most_bytes`.

#include "base/result.h"
#include "listing/background.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string_view>
#include <thread>

namespace sluice::app {

struct LogWriterParams {
    int descriptor = 1;
    size_t most_bytes = size_t{1} << 20;  ///< That wait; a day of them at a line in ten seconds.
    listing::Background background{.cpus = {}, .idle_class = false};
    /// How long the end waits for what has not been written yet.
    std::chrono::milliseconds farewell{1000};
};

class LogWriter {
public:
    static Result<std::unique_ptr<LogWriter>> start(const LogWriterParams& params);
    ~LogWriter();
    LogWriter(const LogWriter&) = delete;

    /// Adds whole lines, each with its line feed: all of them, or none when there is no room.
    void write(std::string_view lines) { add({lines}); }
    /// Adds a line of what that part of the program says.
    void write_line(std::string_view who, std::string_view sentence) {
        add({who, ": ", sentence, "\n"});
    }
    uint64_t lost() const;  ///< Lines.

private:
    struct Shared;
    explicit LogWriter(const LogWriterParams& params);
    void add(std::initializer_list<std::string_view> pieces);

    LogWriterParams params_;
    std::shared_ptr<Shared> shared_;  // the thread's as well: it may outlive this object
    std::thread thread_;
};

}  // namespace sluice::app
