// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Signals: SIGINT and SIGTERM as something to wait for, not something that interrupts.

namespace sluice::app {

class StopSignals {
public:
    /// Blocks both signals for this thread and those that it starts from now on, so before EAL;
    /// ignores SIGPIPE, which a client that hangs up would cause.
    StopSignals();
    ~StopSignals();
    StopSignals(const StopSignals&) = delete;
    StopSignals& operator=(const StopSignals&) = delete;

    /// Readable when a signal has come.
    int descriptor() const { return descriptor_; }
    /// Takes a signal that has come; waits up to `milliseconds` for it, -1 for as long as it takes.
    bool wait(int milliseconds);

private:
    int descriptor_;
};

}  // namespace sluice::app
