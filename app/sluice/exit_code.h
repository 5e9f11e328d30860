// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Exit codes: what a service manager has to know of an end.
///
/// Source   sysexits.h, EX_SOFTWARE and EX_TEMPFAIL.

namespace sluice::app {

enum class ExitCode : int {
    Stopped = 0,  ///< Told to, after SIGINT or SIGTERM; or all that was asked for was said.
    /// What the operator wrote can never work: to start it again would change nothing.
    BadConfiguration = 2,
    /// Told to, and a thread did not end: what it waited for did not come (signals.h).
    Unfinished = 70,
    /// The machine is not ready: a device is missing, memory is short, somebody else has what is
    /// needed. It may be there at the next try; so may a port that the process has lost.
    NotReady = 75,
};

}  // namespace sluice::app
