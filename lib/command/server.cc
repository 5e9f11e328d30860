// SPDX-License-Identifier: BSD-3-Clause
#include "command/server.h"

#include "command/address_traffic.h"
#include "command/control_socket.h"
#include "command/door.h"
#include "command/endpoints.h"
#include "command/outlooks.h"
#include "command/recorder.h"
#include "command/recording.h"
#include "command/tally.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <string>
#include <sys/eventfd.h>
#include <unistd.h>
#include <utility>

namespace sluice::command {

/// What the server has; the doors close first.
struct Server::Parts {
    Parts(ControlSocket control, Descriptor tcp, const ServerParams& params, const Subject& subject)
        : socket(std::move(control)),
          tcp_listener(std::move(tcp)),
          subject(with_outlooks(subject)),
          outlooks(this->subject),
          recorder(this->subject, outlooks),
          address_traffic(this->subject),
          tally(subject.operator_counters),
          recording({outlooks, recorder, address_traffic, tally}, params.background,
                    params.record_every),
          endpoints(this->subject, recorder, tally,
                    {.background = params.background,
                     .list_threads = params.list_threads,
                     .max_listings = std::max(1u, params.threads / 2)}) {}

    /// What is told of the gateway has what is looked ahead.
    Subject with_outlooks(Subject whole) {
        whole.flows_outlook = [this] { return outlooks.flows(); };
        whole.port_outlooks = [this] { return outlooks.ports(); };
        whole.passings = [this](uint64_t number) { return outlooks.passings().since(number); };
        whole.last_passing = [this] { return outlooks.passings().last(); };
        whole.address_traffic = [this] { return address_traffic.read(); };
        return whole;
    }

    ControlSocket socket;
    Descriptor tcp_listener;
    Subject subject;
    Outlooks outlooks;
    Recorder recorder;
    AddressTraffic address_traffic;
    Tally tally;
    Recording recording;
    Endpoints endpoints;
    std::optional<Door> local;
    std::optional<Door> web;
};

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Server::~Server() = default;

Status Server::open(std::optional<Door>& door, const DoorParams& params) {
    Descriptor stop(eventfd(0, EFD_CLOEXEC));
    Descriptor wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!stop || !wake)
        return Error{std::string("Requests cannot be answered: eventfd: ") + std::strerror(errno) +
                     "."};
    door.emplace(params, parts_->endpoints, std::move(stop), std::move(wake));
    return Done{};
}

Result<std::unique_ptr<Server>> Server::start(const ServerParams& params, const Subject& subject) {
    try {
        Result<Descriptor> tcp = params.http ? listen_at(*params.http) : Descriptor();
        if (!tcp)
            return tcp.error();
        auto socket = ControlSocket::open(params.path, params.group);
        if (!socket)
            return socket.error();
        std::unique_ptr<Server> server(new Server(
            std::make_unique<Parts>(std::move(*socket), std::move(*tcp), params, subject)));
        Parts& parts = *server->parts_;
        DoorParams door{.listener = parts.socket.listener(),
                        .owner = geteuid(),
                        .threads = params.threads,
                        .background = params.background,
                        .patience = params.patience};
        if (Status status = server->open(parts.local, door); !status)
            return status.error();
        if (!params.http)
            return server;
        door.listener = parts.tcp_listener.get();
        door.owner.reset();
        door.only_loopback_names = params.http->is_loopback();
        door.threads = params.http_threads;
        door.patience = params.http_patience;
        // Whoever reads nothing holds a thread for a while: others have two of them in any case.
        constexpr unsigned kForOthers = 2;
        door.patience.threads_for_one = std::max(kForOthers + 1, params.http_threads) - kForOthers;
        if (Status status = server->open(parts.web, door); !status)
            return status.error();
        return server;
    } catch (const std::exception& error) {
        return Error{std::string("Requests cannot be answered: ") + error.what() + "."};
    }
}

}  // namespace sluice::command
