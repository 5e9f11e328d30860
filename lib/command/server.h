// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Server: answers HTTP on the control socket, for sluicectl and curl, and with --http over TCP,
/// for Prometheus and browsers, which may ask less and change nothing.
///
/// Shape    A door (door.h) for each. docs/control.md lists the paths.
/// Threads  Those of the doors, and those that walk the flow table. Starting and stopping: one
///          thread.
/// Errors   start() says in one sentence why the socket cannot be had. Later on nothing is thrown,
///          and no client can do more than keep some of these threads busy.
/// Memory   Bounded: connections and their requests by reception.h, answers by flow_list.h.

#include "base/result.h"
#include "command/door.h"
#include "command/patience.h"
#include "command/subject.h"
#include "command/tcp_listener.h"
#include "listing/background.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <sys/types.h>

namespace sluice::command {

struct ServerParams {
    std::string path = "/run/sluice.sock";
    std::optional<gid_t> group{};  ///< Whose members may ask, and change nothing.
    listing::Background background{};
    unsigned threads = 8;  ///< Requests answered at once; half of them may be lists.
    Patience patience{};
    std::optional<TcpAddress> http{};  ///< The door over TCP, where there is one.
    unsigned http_threads = 12;        ///< There; 8 of them may send streams.
    Patience http_patience{.stall = std::chrono::seconds(20)};
    std::chrono::milliseconds record_every = std::chrono::seconds(10);  ///< A row of the history.
    unsigned list_threads = 2;  ///< Threads walking the flow table: so many of its max_members.
};

class Server {
public:
    static Result<std::unique_ptr<Server>> start(const ServerParams& params,
                                                 const Subject& subject);
    /// Ends what is being answered, and removes the socket.
    ~Server();

private:
    struct Parts;
    explicit Server(std::unique_ptr<Parts> parts);
    Status open(std::optional<Door>& door, const DoorParams& params);

    std::unique_ptr<Parts> parts_;
};

}  // namespace sluice::command
