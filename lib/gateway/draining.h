// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Draining: when flows end that reloads have left without ground, with --on-reload drain.
///
/// Shape    A list of the reloads whose time is not over, each with its policy; the last one's
///          policy holds. When the time of a reload is over, a flow ends that neither its policy
///          nor any after it would open. So whatever reloads follow, a flow ends when its own time
///          is over; and one that has had ground meanwhile has all of its time from the reload on
///          that took it.
///          A reload that is due soon after the one before, by a sixteenth of its time at most,
///          stands in its place, so that there are few policies, however often somebody reloads:
///          what the first left without ground ends by so much later. Ground that a flow had
///          between the two alone is forgotten.
/// Threads  One thread at a time.

#include "gateway/policies.h"

#include <chrono>
#include <optional>
#include <vector>

namespace sluice::gateway {

class Draining {
public:
    using Clock = std::chrono::steady_clock;

    /// `policy` holds from now on; flows that it leaves without ground end after `patience`.
    void begin(const Policies::Pointer& policy, Clock::time_point now, Clock::duration patience);
    /// The next begin() finds memory.
    void make_room() { reloads_.reserve(reloads_.size() + 1); }
    /// Nothing is to end any more.
    void stop() { reloads_.clear(); }
    /// When something is to end; nothing where nothing is.
    std::optional<Clock::time_point> due() const;
    /// Whose flows go on while all others end now: of the last reload whose time is over, and of
    /// those after it. Empty where that is none. They are due no more.
    std::vector<Policies::Pointer> take_due(Clock::time_point now);

private:
    struct Reload {
        Policies::Pointer policy;
        Clock::time_point due;
        Clock::time_point latest;  ///< To which it may be put off by those that take its place.
    };

    std::vector<Reload> reloads_;
};

}  // namespace sluice::gateway
