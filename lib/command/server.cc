// SPDX-License-Identifier: BSD-3-Clause
#include "command/server.h"

#include "command/connection.h"
#include "command/control_socket.h"
#include "command/endpoints.h"
#include "command/reception.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <httplib.h>
#include <string>
#include <sys/eventfd.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace sluice::command {

/// The HTTP library's server, of which only what it makes of a request is used: it gives up when
/// accept() fails, and spends a thread on each connection, however slow.
class Server::Http : private httplib::Server {
public:
    struct Parts {
        ControlSocket socket;
        Descriptor stop;
        Descriptor wake;
        uid_t owner = 0;
    };

    /// `parts` are descriptors that have been made.
    Http(Parts parts, const ServerParams& params, const Subject& subject)
        : parts_(std::move(parts)),
          background_(params.background),
          patience_(params.patience),
          reception_(parts_.socket.listener(), parts_.stop.get(), std::move(parts_.wake),
                     params.patience, parts_.owner),
          endpoints_(subject, {.background = params.background,
                               .list_threads = params.list_threads,
                               .max_listings = std::max(1u, params.threads / 2)}) {
        set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& answer) {
            const bool may_all = request.remote_addr == Connection::address_of(Access::All);
            endpoints_.answer(request, answer, may_all ? Access::All : Access::Read);
            return HandlerResponse::Handled;
        });
        set_exception_handler(
            [](const httplib::Request&, httplib::Response& answer, std::exception_ptr) {
                answer.status = 500;
                answer.set_content("The gateway has no memory for this answer.\n", "text/plain");
            });
        svr_sock_ = parts_.socket.listener();  // the library believes that it stops without one
        try {
            start([this] { reception_.run(); });
            for (unsigned i = 0; i < std::max(1u, params.threads); ++i)
                start([this] { answer_until_stopped(); });
        } catch (...) {
            end();
            throw;
        }
    }

    ~Http() override { end(); }

private:
    template <typename Work>
    void start(Work work) {
        threads_.emplace_back([this, work] {
            background_.enter();
            work();
        });
    }

    void end() {
        svr_sock_ = INVALID_SOCKET;
        const uint64_t one = 1;
        if (write(parts_.stop.get(), &one, sizeof(one)) != sizeof(one))
            std::terminate();  // an eventfd that is written once takes it
        for (std::thread& thread : threads_)
            thread.join();
    }

    void answer_until_stopped() {
        while (auto visitor = reception_.take()) {
            try {
                answer(*visitor);
                reception_.part(std::move(*visitor));
            } catch (...) {  // out of memory: the client sees that there is no answer
            }
        }
    }

    void answer(const Visitor& visitor) {
        const bool is_owner = visitor.user == 0 || visitor.user == parts_.owner;
        Connection connection({visitor.socket.get(), is_owner ? Access::All : Access::Read},
                              visitor.request, parts_.stop.get(), patience_);
        answer(*this, connection);
    }

    /// One request, after which the connection is closed. The parameters depend on the version.
    template <typename Self>
    static void answer(Self& self, Connection& connection) {
        const auto whole = [](httplib::Request& request) { request.ranges.clear(); };
        bool closed = false;
        if constexpr (requires { self.process_request(connection, true, closed, whole); }) {
            self.process_request(connection, true, closed, whole);
        } else {
            std::string address;
            int port = 0;
            connection.get_remote_ip_and_port(address, port);
            self.process_request(connection, address, port, "", 0, true, closed, whole);
        }
    }

    Parts parts_;
    listing::Background background_;
    Patience patience_;
    Reception reception_;
    Endpoints endpoints_;
    std::vector<std::thread> threads_;
};

Server::Server(std::unique_ptr<Http> http) : http_(std::move(http)) {}

Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::start(const ServerParams& params, const Subject& subject) {
    try {
        Descriptor stop(eventfd(0, EFD_CLOEXEC));
        Descriptor wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
        if (!stop || !wake)
            return Error{std::string("The control socket cannot be served: eventfd: ") +
                         std::strerror(errno) + "."};
        auto socket = ControlSocket::open(params.path, params.group);
        if (!socket)
            return socket.error();
        auto http = std::make_unique<Http>(
            Http::Parts{std::move(*socket), std::move(stop), std::move(wake), geteuid()}, params,
            subject);
        return std::unique_ptr<Server>(new Server(std::move(http)));
    } catch (const std::exception& error) {
        return Error{std::string("The control socket cannot be served: ") + error.what() + "."};
    }
}

}  // namespace sluice::command
