// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/link_watch.h"

#include <optional>
#include <string>
#include <utility>

namespace sluice::app {

LinkWatch::LinkWatch(Ports& ports, control::Notice notice, Listener listener, LostPorts lost)
    : ports_(ports),
      notice_(std::move(notice)),
      listener_(std::move(listener)),
      lost_(std::move(lost)),
      states_(ports.size()) {}

void LinkWatch::start(Tick now) {
    for (size_t port = 0; port < ports_.size(); ++port) {
        states_[port] = ports_.look(port);
        if (!states_[port].is_up)
            say(port, "has no link; going on without");
    }
    warnings_ = ports_.warnings().size();
    next_look_ = now + kLookInterval;
    lost_.begin(now);
}

bool LinkWatch::turn(Tick now) {
    if (!events_.take() && next_look_.is_after(now))
        return true;
    next_look_ = now + kLookInterval;
    for (size_t port = 0; port < ports_.size(); ++port)
        look(port);
    for (; warnings_ < ports_.warnings().size(); ++warnings_)
        notice_(ports_.warnings()[warnings_]);
    const std::optional<size_t> port = lost_.look(states_, now);
    if (port)
        say(*port,
            "is there again for a process that starts anew; this one ends for it, with exit code "
            "75 (--on-lost-port stay goes on without the port)");
    return !port;
}

void LinkWatch::look(size_t port) {
    const io::LinkState before = std::exchange(states_[port], ports_.look(port));
    const io::LinkState& now = states_[port];
    tell(port, before, now);
    if (now.is_up && !before.is_up)
        listener_();
}

void LinkWatch::tell(size_t port, const io::LinkState& before, const io::LinkState& now) const {
    if (before.is_there != now.is_there && now.trouble.empty())
        say(port, now.is_there ? "is there again" : "is gone; looking for another of its name");
    if (before.is_up != now.is_up && now.is_there)
        say(port, now.is_up ? "has its link again" : "has lost its link");
    if (before.trouble != now.trouble && !now.trouble.empty())
        notice_(now.trouble);
    if (before.mtu != now.mtu)
        say(port, "has an MTU of " + std::to_string(now.mtu) + " now");
}

void LinkWatch::say(size_t port, const std::string& what) const {
    notice_(ports_.plans()[port].label() + ' ' + what);
}

}  // namespace sluice::app
