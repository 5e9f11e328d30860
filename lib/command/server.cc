// SPDX-License-Identifier: BSD-3-Clause
#include "command/server.h"

#include "command/connection.h"
#include "command/control_socket.h"
#include "command/endpoints.h"
#include "command/task_queue.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <exception>
#include <fcntl.h>
#include <httplib.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace sluice::command {

/// The HTTP library's server, on a socket that it has not made, with connections that have limits.
class Server::Http : private httplib::Server {
public:
    Http(ControlSocket socket, Descriptor stop, const ServerParams& params, const Subject& subject)
        : socket_(std::move(socket)),
          stop_(std::move(stop)),
          background_(params.background),
          patience_(params.patience),
          endpoints_(subject, {.background = params.background,
                               .list_threads = params.list_threads,
                               .max_listings = std::max(1u, params.threads / 2)}) {
        new_task_queue = [threads = std::max(1u, params.threads), this] {
            return new TaskQueue(threads, background_);
        };
        set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& answer) {
            endpoints_.answer(request, answer);
            return HandlerResponse::Handled;
        });
        set_exception_handler(
            [](const httplib::Request&, httplib::Response& answer, std::exception_ptr) {
                answer.status = 500;
                answer.set_content("The gateway has no memory for this answer.\n", "text/plain");
            });
        acceptor_ = std::thread([this] { accept_until_stopped(); });
    }

    ~Http() override {
        stopping_ = true;
        const uint64_t one = 1;
        if (write(stop_.get(), &one, sizeof(one)) != sizeof(one))
            std::terminate();  // an eventfd that is written once takes it
        const Descriptor listener(svr_sock_.exchange(INVALID_SOCKET));
        ::shutdown(socket_.listener(), SHUT_RDWR);  // whoever accepts gets an error from now on
        acceptor_.join();
    }

private:
    /// The library gives up when accept() fails, as it does when the system has no memory or
    /// descriptors left; an operator needs the socket then more than ever.
    void accept_until_stopped() {
        background_.enter();
        while (!stopping_) {
            try {
                svr_sock_ = fcntl(socket_.listener(), F_DUPFD_CLOEXEC, 0);
                if (svr_sock_ != INVALID_SOCKET)
                    listen_after_bind();
            } catch (...) {
            }
            pollfd stop{stop_.get(), POLLIN, 0};
            poll(&stop, 1, 1000);
        }
    }

    bool process_and_close_socket(socket_t socket) override {
        const Descriptor owned(socket);
        try {
            Connection connection(socket, stop_.get(), patience_);
            const bool answered = answer(*this, connection);
            connection.finish();
            return answered;
        } catch (...) {  // out of memory: the client sees that there is no answer
            return false;
        }
    }

    /// One request, after which the connection is closed. The parameters depend on the version.
    template <typename Self>
    static bool answer(Self& self, Connection& connection) {
        const auto whole = [](httplib::Request& request) { request.ranges.clear(); };
        bool closed = false;
        if constexpr (requires { self.process_request(connection, true, closed, whole); })
            return self.process_request(connection, true, closed, whole);
        else
            return self.process_request(connection, "", 0, "", 0, true, closed, whole);
    }

    ControlSocket socket_;
    Descriptor stop_;
    listing::Background background_;
    Patience patience_;
    Endpoints endpoints_;
    std::atomic<bool> stopping_{false};
    std::thread acceptor_;
};

Server::Server(std::unique_ptr<Http> http) : http_(std::move(http)) {}

Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::start(const ServerParams& params, const Subject& subject) {
    try {
        Descriptor stop(eventfd(0, EFD_CLOEXEC));
        if (!stop)
            return Error{std::string("The control socket cannot be served: eventfd: ") +
                         std::strerror(errno) + "."};
        auto socket = ControlSocket::open(params.path);
        if (!socket)
            return socket.error();
        auto http =
            std::make_unique<Http>(std::move(socket).value(), std::move(stop), params, subject);
        return std::unique_ptr<Server>(new Server(std::move(http)));
    } catch (const std::exception& error) {
        return Error{std::string("The control socket cannot be served: ") + error.what() + "."};
    }
}

}  // namespace sluice::command
