// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Background: where threads run that must take nothing from the workers.
///
/// Shape    A set of CPUs, and the scheduler's idle class: such a thread runs when nothing else
///          wants the CPU.
/// Threads  enter() moves the thread that calls it; AtRest and AtWork are of who makes them.
/// Errors   None: a CPU that this process may not use is passed over, and a thread that cannot be
///          moved stays where it is, in the idle class too.
/// Source   sched(7): who may leave the idle class.

#include <functional>
#include <vector>

namespace sluice::listing {

struct Background {
    std::vector<unsigned> cpus{};  ///< Empty: those of the thread that starts the others.
    bool idle_class = true;        ///< SCHED_IDLE; tests do without.
    int nice = 0;                  ///< Outside of that class; as setpriority(2) counts.
    /// What else the thread does then.
    std::function<void()> on_entry = [] {};

    /// The calling thread goes there. So do those that it makes, which are as their maker is at
    /// that moment, in their class too.
    void enter() const;
};

/// While it lives, the thread waits, and is in the class of all others. The last thread of a killed
/// process gives back its memory and its sockets, which in the idle class takes seconds on a busy
/// machine; so long nobody can take the process's place.
class AtRest {
public:
    AtRest();
    ~AtRest();
    AtRest(const AtRest&) = delete;
    AtRest& operator=(const AtRest&) = delete;

private:
    bool was_idle_;
};

/// While it lives, a thread that one in the background has made at rest works.
class AtWork {
public:
    explicit AtWork(const Background& background);
    ~AtWork();
    AtWork(const AtWork&) = delete;
    AtWork& operator=(const AtWork&) = delete;

private:
    bool is_idle_;
};

/// Lets this process's threads leave the idle class (RLIMIT_NICE). False where it may not: on a
/// busy machine a thread that cannot leave it again answers and ends after many seconds only.
bool permit_rest();

}  // namespace sluice::listing
