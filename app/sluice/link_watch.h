// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Link watch: sees links go and come, and MTUs change, and tells the log and who else must know;
/// and whether the process has to end for a port that it has lost.
///
/// Shape    Looks at both devices when the kernel says that an interface has changed, and ten times
///          a second in any case.
/// Threads  The control core's.

#include "base/clock.h"
#include "control/neighbours.h"
#include "io/device.h"
#include "kernel/link_events.h"
#include "sluice/lost_ports.h"
#include "sluice/ports.h"

#include <cstddef>
#include <functional>
#include <vector>

namespace sluice::app {

inline constexpr Duration kLookInterval{100};

class LinkWatch {
public:
    /// Told when a link has come back: others may have learned other ways meanwhile.
    using Listener = std::function<void()>;

    LinkWatch(Ports& ports, control::Notice notice, Listener listener, LostPorts lost);

    /// Looks at once, so that turn() tells of what changes from now on; says which links are down.
    void start(Tick now);
    /// False where the process is to end, so that another has a port that this one has lost.
    bool turn(Tick now);

private:
    void look(size_t port);
    void tell(size_t port, const io::LinkState& before, const io::LinkState& now) const;
    void say(size_t port, const std::string& what) const;

    Ports& ports_;
    control::Notice notice_;
    Listener listener_;
    LostPorts lost_;
    kernel::LinkEvents events_;
    std::vector<io::LinkState> states_;  // of each port
    size_t warnings_ = 0;                // that have been said
    Tick next_look_;
};

}  // namespace sluice::app
