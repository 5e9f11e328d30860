// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Door: one socket at which requests are answered, with threads of its own: who crowds at one door
/// takes no thread from another.
///
/// Shape    One request a connection.
/// Threads  Its own, all in the background (background.h): one that receives requests
///          (reception.h), and a fixed number that answer. Starting and stopping: one thread.
/// Errors   Throws where the system has no threads or memory; later on nothing is thrown.
/// Memory   Bounded by reception.h.

#include "base/descriptor.h"
#include "command/endpoints.h"
#include "command/patience.h"
#include "listing/background.h"

#include <memory>
#include <optional>
#include <sys/types.h>

namespace sluice::command {

struct DoorParams {
    int listener = -1;  ///< Outlives the door.
    /// The user who may do everything, and root; nobody, where all come over the network.
    std::optional<uid_t> owner{};
    /// Who comes must have named this machine's loopback: of a browser that asks here for a page of
    /// somewhere else, that page's name is what it says.
    bool only_loopback_names = false;
    unsigned threads = 8;
    listing::Background background{};
    Patience patience{};
};

class Door {
public:
    /// `endpoints` outlives it. `stop` and `wake` are eventfds.
    Door(const DoorParams& params, Endpoints& endpoints, Descriptor stop, Descriptor wake);
    /// Ends what is being answered.
    ~Door();

private:
    class Http;

    std::unique_ptr<Http> http_;
};

}  // namespace sluice::command
