// SPDX-License-Identifier: BSD-3-Clause
#include "sync/channel.h"

#include "catch.h"

#include <array>
#include <csignal>
#include <memory>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

namespace channel_test {

using namespace sluice;
using namespace sluice::sync;

namespace {

constexpr size_t kRoom = 65536;

Key key_of(uint8_t byte) {
    Key key{};
    key.fill(byte);
    return key;
}

/// Two ends of a connection.
struct Ends {
    explicit Ends(uint8_t server_key = 1, uint8_t client_key = 1)
        : server_tls(Tls::create(key_of(server_key)).value()),
          client_tls(Tls::create(key_of(client_key)).value()) {
        std::signal(SIGPIPE, SIG_IGN);
        std::array<int, 2> sockets{};
        REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sockets.data()) == 0);
        server =
            std::make_unique<Channel>(*server_tls, Descriptor(sockets[0]), Channel::End::Server);
        client =
            std::make_unique<Channel>(*client_tls, Descriptor(sockets[1]), Channel::End::Client);
    }

    /// Turns both until nothing more can come of it; what the first says that ends.
    std::string run() {
        for (int turn = 0; turn < 100; ++turn)
            for (Channel* end : {client.get(), server.get()})
                if (const Status status = end->turn(kRoom); !status)
                    return status.error().message;
        return "";
    }

    std::unique_ptr<Tls> server_tls;
    std::unique_ptr<Tls> client_tls;
    std::unique_ptr<Channel> server;
    std::unique_ptr<Channel> client;
};

}  // namespace

TEST_CASE("sync channel: who has the key is heard", "[sync]") {
    Ends ends;
    Hello hello;
    hello.instance = 77;
    ends.client->outgoing().add(hello);
    ends.server->outgoing().add(Hello());
    for (uint32_t i = 0; i < 5000; ++i)
        ends.server->outgoing().add(End{i, i});
    CHECK(ends.run().empty());
    REQUIRE(ends.client->is_open());
    REQUIRE(ends.server->is_open());
    CHECK(ends.server->incoming().take().value()->as<Hello>() == hello);
    CHECK(ends.client->incoming().take().value()->as<Hello>() == Hello());
    uint32_t heard = 0;
    for (auto message = ends.client->incoming().take(); *message;
         message = ends.client->incoming().take())
        for (size_t i = 0; i < (*message)->count<End>(); ++i)
            REQUIRE((*message)->entry<End>(i).index == heard++);
    CHECK(heard == 5000);
}

TEST_CASE("sync channel: who has another key is not", "[sync]") {
    Ends ends(1, 2);
    CHECK(ends.run() == "it has another key (--sync-key), or is no sluice");
    CHECK_FALSE(ends.server->is_open());
    CHECK_FALSE(ends.client->is_open());
}

TEST_CASE("sync channel: who speaks something else is not", "[sync]") {
    const auto tls = Tls::create(key_of(1)).value();
    std::array<int, 2> sockets{};
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sockets.data()) == 0);
    Channel server(*tls, Descriptor(sockets[0]), Channel::End::Server);
    constexpr std::string_view kRequest = "GET / HTTP/1.1\r\nHost: sluice\r\n\r\n";
    REQUIRE(write(sockets[1], kRequest.data(), kRequest.size()) ==
            static_cast<ssize_t>(kRequest.size()));
    CHECK_FALSE(server.turn(kRoom).ok());
    close(sockets[1]);
}

TEST_CASE("sync channel: the end of a connection is said", "[sync]") {
    Ends ends;
    CHECK(ends.run().empty());
    ends.client.reset();
    const Status status = ends.server->turn(kRoom);
    CHECK_FALSE(status.ok());
}

}  // namespace channel_test
