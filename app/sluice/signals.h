// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Signals: what others ask of the program, as something to wait for, not something that
/// interrupts.
///
/// Source   signalfd(2); daemon(7) of systemd for what SIGTERM and SIGHUP mean to a service.

namespace sluice::app {

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

    /// Readable when a signal has come.
    int descriptor() const { return descriptor_; }
    /// Takes a signal that has come; waits up to `milliseconds` for it, -1 for as long as it takes.
    Signal wait(int milliseconds);

private:
    int descriptor_;
};

}  // namespace sluice::app
