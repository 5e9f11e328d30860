// SPDX-License-Identifier: BSD-3-Clause
#include "command/door.h"

#include "command/connection.h"
#include "command/host_name.h"
#include "command/reception.h"

#include <algorithm>
#include <exception>
#include <httplib.h>
#include <optional>
#include <poll.h>
#include <string>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace sluice::command {
namespace {

constexpr int kBreathMilliseconds = 100;

}  // namespace

/// The HTTP library's server, of which only what it makes of a request is used: it gives up when
/// accept() fails, and spends a thread on each connection, however slow.
class Door::Http : private httplib::Server {
public:
    Http(const DoorParams& params, Endpoints& endpoints, Descriptor stop, Descriptor wake)
        : params_(params),
          endpoints_(endpoints),
          stop_(std::move(stop)),
          reception_(params.listener, stop_.get(), std::move(wake), params.patience,
                     params.owner.value_or(0)) {
        set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& answer) {
            respond(request, answer);
            return HandlerResponse::Handled;
        });
        set_exception_handler(
            [this](const httplib::Request&, httplib::Response& answer, std::exception_ptr) {
                endpoints_.tally().add(stats::Count::MemoryShort);
                answer.status = 500;
                answer.set_content("The gateway has no memory for this answer.\n", "text/plain");
            });
        svr_sock_ = params.listener;  // the library believes that it stops without one
        try {
            start([this] { receive_until_stopped(); });
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
            params_.background.enter();
            work();
        });
    }

    void end() {
        svr_sock_ = INVALID_SOCKET;
        const uint64_t one = 1;
        if (write(stop_.get(), &one, sizeof(one)) != sizeof(one))
            std::terminate();  // an eventfd that is written once takes it
        for (std::thread& thread : threads_)
            thread.join();
    }

    void receive_until_stopped() {
        while (!endpoints_.tally().if_memory_allows([this] { reception_.run(); }))
            take_breath();
    }

    void answer_until_stopped() {
        while (true) {
            std::optional<Visitor> visitor;
            if (!endpoints_.tally().if_memory_allows([&] { visitor = reception_.take(); })) {
                take_breath();
                continue;
            }
            if (!visitor)
                return;
            const Origin origin = visitor->origin;
            // Out of memory the client sees that there is no answer.
            endpoints_.tally().if_memory_allows([&] {
                answer(*visitor);
                reception_.part(std::move(*visitor));
            });
            reception_.finish(origin);
        }
    }

    /// Before it is tried again what there was no memory for.
    void take_breath() const {
        pollfd stopped{stop_.get(), POLLIN, 0};
        poll(&stopped, 1, kBreathMilliseconds);
    }

    Access access_of(const Origin& origin) const {
        if (!params_.owner)
            return Access::Web;
        const bool is_owner = origin.is_user_of(0) || origin.is_user_of(*params_.owner);
        return is_owner ? Access::All : Access::Read;
    }

    void answer(const Visitor& visitor) {
        Connection connection({visitor.socket.get(), access_of(visitor.origin)}, visitor.request,
                              stop_.get(), params_.patience);
        answer(*this, connection);
    }

    void respond(const httplib::Request& request, httplib::Response& answer) {
        const Access access = Connection::access_of(request.remote_addr);
        if (access != Access::Web)
            return endpoints_.answer(request, answer, access);
        // No other site may read an answer, frame the page, or take an answer for what it is not.
        answer.set_header("X-Content-Type-Options", "nosniff");
        answer.set_header("Cross-Origin-Resource-Policy", "same-origin");
        answer.set_header("Referrer-Policy", "no-referrer");
        answer.set_header("Cache-Control", "no-store");
        if (params_.only_loopback_names && !names_loopback(request.get_header_value("Host")))
            return refuse(answer, listing::Format::Text, kMisdirected,
                          "This is answered to who asks 127.0.0.1 or localhost.");
        if (request.method != "GET" && request.method != "HEAD") {
            answer.set_header("Allow", "GET, HEAD");
            return refuse(answer, listing::Format::Text, kMethodNotAllowed,
                          "One may ask here, by GET and HEAD, and change nothing.");
        }
        endpoints_.answer(request, answer, access);
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

    DoorParams params_;
    Endpoints& endpoints_;
    Descriptor stop_;
    Reception reception_;
    std::vector<std::thread> threads_;
};

Door::Door(const DoorParams& params, Endpoints& endpoints, Descriptor stop, Descriptor wake)
    : http_(std::make_unique<Http>(params, endpoints, std::move(stop), std::move(wake))) {}

Door::~Door() = default;

}  // namespace sluice::command
