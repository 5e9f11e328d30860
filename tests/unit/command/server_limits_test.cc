// SPDX-License-Identifier: BSD-3-Clause
#include "catch.h"
#include "command/control_socket.h"
#include "command/server.h"
#include "served_gateway.h"

#include <cerrno>
#include <chrono>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <vector>

namespace server_limits_test {

using namespace sluice;
using namespace sluice::command;
using namespace sluice::command::testing;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

/// A client that does as it likes.
Descriptor connect_to(const ServedGateway& gateway, int flags = 0) {
    Descriptor fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    gateway.path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    if (connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0)
        return Descriptor();
    return fd;
}

void check_alive(const ServedGateway& gateway) {
    const auto answer = gateway.client().Get("/v1/flows/count");
    REQUIRE(answer);
    CHECK(answer->status == 200);
}

const ServerParams kHurried{.threads = 2, .patience = {.request = 100ms}};

}  // namespace

TEST_CASE("server: half a request is given up in time", "[command]") {
    ServedGateway gateway(10, kHurried);
    const auto begin = Clock::now();
    const Descriptor silent = connect_to(gateway);
    const Descriptor half = connect_to(gateway);
    say(half, "GET /v1/flows HTTP/1.1\r\nHost: ");
    hear(silent);
    hear(half);
    CHECK(Clock::now() - begin >= 100ms);
    CHECK(Clock::now() - begin < 10s);
    check_alive(gateway);
}

TEST_CASE("server: a client that drips is given up as one that is silent", "[command]") {
    ServedGateway gateway(10, kHurried);
    const Descriptor drip = connect_to(gateway);
    const auto begin = Clock::now();
    unsigned drops = 0;
    for (; say(drip, "G") == 1; ++drops) {
        REQUIRE(Clock::now() - begin < 10s);
        poll(nullptr, 0, 5);  // so slowly that it is the time that ends it
    }
    CHECK(drops < 1000);
    check_alive(gateway);
}

TEST_CASE("server: a request without an end is cut off", "[command]") {
    ServedGateway gateway(10, {.threads = 2});
    const auto line = [](const std::string& start) { return start + std::string(1 << 20, 'a'); };
    std::string many = "GET /v1/flows HTTP/1.1\r\n";
    for (unsigned i = 0; i < 10'000; ++i)
        many += "X-" + std::to_string(i) + ": y\r\n";
    for (const std::string& request :
         {line("GET /"), line("GET /v1/flows HTTP/1.1\r\nX: "), many, line("")}) {
        const auto begin = Clock::now();
        const Descriptor client = connect_to(gateway);
        REQUIRE(client);
        say(client, request);
        const std::string answer = hear(client);
        CHECK(answer.find(" 200 ") == std::string::npos);
        CHECK(Clock::now() - begin < 1500ms);  // it is the size that ends it, not the time
    }
    check_alive(gateway);
}

TEST_CASE("server: bytes that are no request hurt nothing", "[command]") {
    ServedGateway gateway(10, kHurried);
    for (const std::string& bytes :
         {std::string("\r\n\r\n"), std::string(100, '\0'), std::string("GET\r\n\r\n"),
          std::string("GET /v1/flows HTTP/9.9\r\n\r\n"),
          std::string("DELETE /v1/flows HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n"),
          std::string("GET /v1/flows HTTP/1.1\r\nRange: bytes=0-1,5-9\r\n\r\n"),
          std::string("GET /v1/flows?%zz=%&&==&src=%00 HTTP/1.1\r\n\r\n")}) {
        const Descriptor client = connect_to(gateway);
        say(client, bytes);
        shutdown(client.get(), SHUT_WR);
        hear(client);
    }
    check_alive(gateway);
}

TEST_CASE("server: an answer reaches a client that is still sending", "[command]") {
    ServedGateway gateway(10, kHurried);
    const Descriptor client = connect_to(gateway);
    const std::string body(10'000, 'x');
    say(client, "POST /v1/flows HTTP/1.1\r\nContent-Length: 10000\r\n\r\n" + body);
    const std::string answer = hear(client);
    CHECK(answer.starts_with("HTTP/1.1 405 "));
    CHECK(answer.ends_with("This path knows GET, DELETE only.\n"));
}

TEST_CASE("server: connections that ask nothing delay no answer", "[command]") {
    ServedGateway gateway(10, {.threads = 2, .patience = {.request = 20s}});
    std::vector<Descriptor> clients;
    for (unsigned i = 0; i < 200; ++i) {
        clients.push_back(connect_to(gateway));
        if (i % 2 == 0)
            say(clients.back(), "GET /v1/flows HTTP/1.1\r\n");
    }
    const auto begin = Clock::now();
    check_alive(gateway);
    CHECK(Clock::now() - begin < 10s);
}

TEST_CASE("server: connections that have their answer and stay delay none", "[command]") {
    ServedGateway gateway(10, {.threads = 2, .patience = {.request = 20s}});
    std::vector<Descriptor> clients;
    const auto begin = Clock::now();
    for (unsigned i = 0; i < 20; ++i) {
        clients.push_back(connect_to(gateway));
        say(clients.back(), "GET /v1/flows/count HTTP/1.1\r\n\r\n");
        CHECK(hear(clients.back()).ends_with("0\n"));
    }
    CHECK(Clock::now() - begin < 10s);
}

TEST_CASE("server: requests with half a body delay no answer", "[command]") {
    ServedGateway gateway(10, {.threads = 2, .patience = {.request = 20s}});
    std::vector<Descriptor> clients;
    for (unsigned i = 0; i < 20; ++i) {
        clients.push_back(connect_to(gateway));
        say(clients.back(), "DELETE /v1/flows HTTP/1.1\r\nContent-length:100\r\n\r\nhalf");
    }
    const auto begin = Clock::now();
    check_alive(gateway);
    CHECK(Clock::now() - begin < 10s);
}

TEST_CASE("server: of a flood of connections the oldest give way", "[command]") {
    ServedGateway gateway(10, {.threads = 2, .patience = {.request = 20s}});
    std::vector<Descriptor> clients;
    for (unsigned i = 0; i < 1000; ++i) {
        clients.push_back(connect_to(gateway));
        REQUIRE(clients.back());
    }
    const auto begin = Clock::now();
    check_alive(gateway);
    CHECK(hear(clients.front()).empty());  // closed by the server
    CHECK(Clock::now() - begin < 10s);
    say(clients.back(), "GET /v1/flows/count HTTP/1.1\r\n\r\n");
    CHECK(hear(clients.back()).ends_with("0\n"));
}

TEST_CASE("server: lists that nobody reads leave room for others", "[command]") {
    auto gateway = std::make_unique<ServedGateway>(50'000, ServerParams{.threads = 4});
    gateway->open_flows(50'000);
    std::vector<Descriptor> stalled;
    for (unsigned i = 0; i < 2; ++i) {
        stalled.push_back(connect_to(*gateway));
        say(stalled.back(), "GET /v1/flows HTTP/1.1\r\n\r\n");
        char first = 0;
        REQUIRE(recv(stalled.back().get(), &first, 1, 0) == 1);
    }
    const auto third = gateway->client().Get("/v1/flows");
    REQUIRE(third);
    CHECK(third->status == 503);
    CHECK(third->body.starts_with("2 lists are being sent already"));
    check_alive(*gateway);

    // A list whose reader waits keeps no record from being used again.
    const auto deleted = gateway->client().Delete("/v1/flows?all=1");
    REQUIRE(deleted);
    CHECK(deleted->body == "50000\n");
    gateway->open_flows(50'000);

    const auto begin = Clock::now();
    gateway->server.reset();
    CHECK(Clock::now() - begin < 10s);
    CHECK(hear(stalled[0]).find("\r\n0\r\n\r\n") == std::string::npos);  // seen to be cut short
}

TEST_CASE("server: long answers of any kind that nobody reads leave room for others", "[command]") {
    // More than a socket takes.
    const auto pools = [] {
        return std::vector<PoolAddress>(20'000, {"198.51.100.0/24", "198.51.100.1", 7});
    };
    ServedGateway gateway(10, {.threads = 4}, pools);
    std::vector<Descriptor> stalled;
    for (unsigned i = 0; i < 2; ++i) {
        stalled.push_back(connect_to(gateway));
        say(stalled.back(), "GET /metrics HTTP/1.1\r\n\r\n");
        char first = 0;
        REQUIRE(recv(stalled.back().get(), &first, 1, 0) == 1);
    }
    const auto third = gateway.client().Get("/metrics");
    REQUIRE(third);
    CHECK(third->status == 503);
    check_alive(gateway);

    const std::string whole = hear(stalled[0]);
    CHECK(whole.ends_with("\n"));
    CHECK(whole.size() > 1'000'000);
    const auto after = gateway.client().Get("/metrics");
    REQUIRE(after);
    CHECK(after->status == 200);
}

TEST_CASE("server: a list that is read again after a pause goes on", "[command]") {
    ServedGateway gateway(50'000);
    gateway.open_flows(50'000);
    const Descriptor reader = connect_to(gateway);
    say(reader, "GET /v1/flows HTTP/1.1\r\n\r\n");
    char first = 0;
    REQUIRE(recv(reader.get(), &first, 1, 0) == 1);
    check_alive(gateway);  // meanwhile
    CHECK(hear(reader).ends_with("\r\n0\r\n\r\n"));
}

}  // namespace server_limits_test
