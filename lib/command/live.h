// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Live: what the page is told every second, as an event of a stream.
///
/// Shape    One event for all who watch: /v1/stats, what is wrong, and the last lines of the log.
/// Threads  Any, several at once.
/// Source   https://html.spec.whatwg.org/multipage/server-sent-events.html

#include "command/subject.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

namespace sluice::command {

class Live {
public:
    static constexpr std::chrono::milliseconds kInterval{1000};

    struct Event {
        uint64_t number = 0;
        std::string text;
    };

    /// `subject` outlives it.
    explicit Live(const Subject& subject) : subject_(subject) {}

    /// The newest: made anew when the last one is older than kInterval.
    std::shared_ptr<const Event> event();

private:
    using Clock = std::chrono::steady_clock;

    std::string text() const;

    const Subject& subject_;
    std::mutex mutex_;  // of what follows
    std::shared_ptr<const Event> event_ = std::make_shared<const Event>();
    Clock::time_point due_{};
};

}  // namespace sluice::command
