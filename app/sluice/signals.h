// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Signals: what others ask of the program, as something to wait for, not something that
/// interrupts.
///
/// Shape    After the first Stop, or limit_end(), the process ends within kMostToEnd, come what
///          may, with ExitCode::Unfinished if not by itself: no part of it can end a thread's wait
///          for a file system that does not answer. What is lost by that is what a crash loses.
/// Source   signalfd(2), alarm(2); daemon(7) for what SIGTERM and SIGHUP mean to a service.

#include <chrono>

namespace sluice::app {

/// Less than TimeoutStopSec= of the unit, so that the end can say why it came.
inline constexpr std::chrono::seconds kMostToEnd{10};

enum class Signal {
    None,
    Stop,    ///< SIGINT or SIGTERM.
    Reload,  ///< SIGHUP: the configuration has changed, or a terminal has gone.
};

class Signals {
public:
    /// Blocks these signals for this thread and those that it starts from now on, so before EAL.
    /// Ignores SIGPIPE, which a client that hangs up would cause, and SIGUSR1 and SIGUSR2, which
    /// mean nothing here and would end the program.
    Signals();
    ~Signals();
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;

    /// From now on the process ends as after a Stop: it is to be called where it ends by itself.
    static void limit_end();

    /// Readable when a signal has come.
    int descriptor() const { return descriptor_; }
    /// Takes a signal that has come; waits up to `milliseconds` for it, -1 for as long as it takes.
    Signal wait(int milliseconds);

private:
    int descriptor_;
};

}  // namespace sluice::app
