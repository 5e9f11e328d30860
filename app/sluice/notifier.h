// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Notifier: tells the service manager that started sluice how it is, where there is one.
///
/// Threads  The control core's. It never waits: what the service manager has no room for is lost,
///          and said again at the next occasion.
/// Source   sd_notify(3) and sd_watchdog_enabled(3) of systemd: datagrams to $NOTIFY_SOCKET, a
///          watchdog of $WATCHDOG_USEC for the process $WATCHDOG_PID.

#include "base/clock.h"
#include "base/descriptor.h"

#include <optional>
#include <string>
#include <string_view>

namespace sluice::app {

/// What the environment says of the service manager.
struct NotifySettings {
    std::string socket;  ///< A path, or "@name" of an abstract socket; empty: nobody listens.
    std::optional<Duration> watchdog;  ///< It wants to hear more often than this.
};

/// Reads the environment, for the process `pid`.
NotifySettings read_notify_settings(long pid);

class Notifier {
public:
    /// Where the socket cannot be reached, nobody is told and nothing else changes.
    explicit Notifier(const NotifySettings& settings);

    void ready();
    void stopping();
    /// One line for `systemctl status`.
    void status(std::string_view text);
    /// Feeds the watchdog when it is time to: at half its interval. Call it often while all is
    /// well.
    void feed(Tick now);

private:
    void send(std::string_view message) const;

    Descriptor socket_;
    std::optional<Duration> between_meals_;
    std::optional<Tick> fed_;
};

}  // namespace sluice::app
