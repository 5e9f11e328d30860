// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Driver log: keeps what EAL and the drivers say away from the operator, and remembers their
/// complaints, which tell why a port could not be opened.
///
/// Threads  Any thread may log; install() and take_complaint() are for the one that starts things.

#include <functional>
#include <string>
#include <string_view>

namespace sluice::ethdev {

enum class Echo { Off, Stderr };

/// From now on, all logging of DPDK comes here. Works before EAL has started.
void install_driver_log(Echo echo);

/// Takes what would be echoed, in the place of stderr, which may block who writes to it: set before
/// there are threads that must not wait, and taken back ({}) when they are gone.
void redirect_driver_log(std::function<void(std::string_view)> sink);

/// The first complaint since the last call, without a line's end; empty when there was none.
/// Complaints of EAL itself count only where no driver had one: they say what failed, not why.
std::string take_complaint();

/// While it lives, and the log is not echoed, what anybody writes to stdout and stderr goes to a
/// file in memory: some libraries of drivers print, and EAL does where it dislikes an argument.
class Quiet {
public:
    Quiet();
    ~Quiet();
    Quiet(const Quiet&) = delete;
    Quiet& operator=(const Quiet&) = delete;

    std::string first_line() const;  ///< Of what was written.

private:
    int file_ = -1;
    int out_ = -1;
    int err_ = -1;
};

}  // namespace sluice::ethdev
