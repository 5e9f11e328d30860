// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Background: where threads run that must take nothing from the workers.
///
/// Shape    A set of CPUs, and the scheduler's idle class: such a thread runs when nothing else
///          wants the CPU.
/// Threads  enter() moves the thread that calls it.
/// Errors   None: a CPU that this process may not use is passed over, and a thread that cannot be
///          moved stays where it is.

#include <functional>
#include <vector>

namespace sluice::listing {

struct Background {
    std::vector<unsigned> cpus{};  ///< Empty: those of the thread that starts the others.
    bool idle_class = true;        ///< SCHED_IDLE; tests do without.
    /// What else the thread does then; those that TBB makes of it may do it again.
    std::function<void()> on_entry = [] {};

    /// The calling thread goes there.
    void enter() const;
};

}  // namespace sluice::listing
