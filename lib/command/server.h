// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Server: answers HTTP on the control socket, for sluicectl, curl and Prometheus.
///
/// Shape    One request a connection. docs/control.md lists the paths.
/// Threads  Its own, all in the background (background.h): one that receives requests
///          (reception.h), a fixed number that answer, and those that walk the flow table. Starting
///          and stopping: one thread.
/// Errors   start() says in one sentence why the socket cannot be had. Later on nothing is thrown,
///          and no client can do more than keep some of these threads busy.
/// Memory   Bounded: connections and their requests by reception.h, answers by flow_list.h.

#include "base/result.h"
#include "command/patience.h"
#include "command/subject.h"
#include "listing/background.h"

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
    unsigned list_threads = 2;  ///< Threads walking the flow table: so many of its max_members.
};

class Server {
public:
    static Result<std::unique_ptr<Server>> start(const ServerParams& params,
                                                 const Subject& subject);
    /// Ends what is being answered, and removes the socket.
    ~Server();

private:
    class Http;
    explicit Server(std::unique_ptr<Http> http);

    std::unique_ptr<Http> http_;
};

}  // namespace sluice::command
