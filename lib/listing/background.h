// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Background: where threads run that must take nothing from the workers.
///
/// Shape    A set of CPUs, and the scheduler's idle class: such a thread runs when nothing else
///          wants the CPU.
/// Threads  enter() and move() move the thread that calls them.
/// Errors   None: a CPU that this process may not use is passed over, and a thread that cannot be
///          moved stays where it is.

#include <functional>
#include <vector>

namespace sluice::listing {

struct Background {
    std::vector<unsigned> cpus{};  ///< Empty: those of the thread that starts the others.
    bool idle_class = true;        ///< SCHED_IDLE; tests do without.
    /// What else the thread does then.
    std::function<void()> on_entry = [] {};

    /// The calling thread goes there.
    void enter() const {
        move();
        on_entry();
    }
    /// The same for a thread that one of them has made, which has its maker's limits already.
    void move() const;
};

}  // namespace sluice::listing
