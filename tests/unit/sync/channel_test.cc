// SPDX-License-Identifier: BSD-3-Clause
#include "sync/channel.h"

#include "authority.h"
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
using sluice::sync::testing::Authority;
using sluice::sync::testing::kDay;

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
        : Ends(key_of(server_key), key_of(client_key)) {}
    Ends(const Proof& server_proof, const Proof& client_proof)
        : server_tls(Tls::create(server_proof).value()),
          client_tls(Tls::create(client_proof).value()) {
        std::signal(SIGPIPE, SIG_IGN);
        connect();
    }

    void connect() {
        std::array<int, 2> sockets{};
        REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sockets.data()) == 0);
        server =
            std::make_unique<Channel>(*server_tls, Descriptor(sockets[0]), Channel::End::Server);
        client =
            std::make_unique<Channel>(*client_tls, Descriptor(sockets[1]), Channel::End::Client);
    }

    /// Turns both until nothing more can come of it; what the first says that ends.
    std::string run() {
        ended = nullptr;
        for (int turn = 0; turn < 100; ++turn)
            for (Channel* end : {client.get(), server.get()})
                if (const Status status = end->turn(kRoom); !status) {
                    ended = end;
                    return status.error().message;
                }
        return "";
    }
    /// Likewise, until the other end has ended too; what the server says, and what the client does.
    std::array<std::string, 2> run_both() {
        const std::string first = run();
        Channel* const other = ended == server.get() ? client.get() : server.get();
        for (int turn = 0; turn < 100; ++turn)
            if (const Status status = other->turn(kRoom); !status)
                return ended == server.get() ? std::array{first, status.error().message}
                                             : std::array{status.error().message, first};
        return {};
    }
    void greet() {
        Hello hello;
        for (Channel* end : {server.get(), client.get()}) {
            ++hello.priority;
            end->outgoing().add(hello);
        }
    }
    bool are_open() const { return server->is_open() && client->is_open(); }

    std::unique_ptr<Tls> server_tls;
    std::unique_ptr<Tls> client_tls;
    std::unique_ptr<Channel> server;
    std::unique_ptr<Channel> client;
    const Channel* ended = nullptr;  // by the last run()
};

const std::string kRefused = "its certificate is refused: ";
const std::string kRefuses = "it refuses this gateway's certificate (--sync-cert): ";

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
    CHECK(ends.run() ==
          "it has another key (--sync-key, of a cluster --address-key), or is no sluice");
    CHECK_FALSE(ends.server->is_open());
    CHECK_FALSE(ends.client->is_open());
    CHECK_FALSE(ends.client->has_judged());
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

TEST_CASE("sync channel: who has a certificate of the authority for his address is heard",
          "[sync]") {
    Authority authority;
    Ends ends(authority.certify("server"), authority.certify("client"));
    ends.greet();
    CHECK(ends.run().empty());
    REQUIRE(ends.are_open());
    CHECK(ends.client->incoming().take().value()->as<Hello>().priority == 1);
    CHECK(ends.server->incoming().take().value()->as<Hello>().priority == 2);
}

TEST_CASE("sync channel: a certificate of another name, time, use or authority is refused",
          "[sync][security]") {
    struct Case {
        std::string name;
        sluice::sync::testing::Said said;
        std::string why;
    };
    const Case cases[] = {
        {"", {.names = "IP:127.0.0.3"}, "its subject alternative names lack IP:127.0.0.2"},
        {"", {.names = "DNS:127.0.0.2"}, "its subject alternative names lack IP:127.0.0.2"},
        {"b.example.net",
         {.names = "DNS:c.example.net"},
         "its subject alternative names lack DNS:b.example.net (--sync-peer-name)"},
        {"b.example.net",
         {.names = "DNS:*.example.net"},
         "its subject alternative names lack DNS:b.example.net (--sync-peer-name)"},
        {"server",
         {.names = ""},
         "its subject alternative names lack DNS:server "
         "(--sync-peer-name)"},
        {"", {.ends = -60}, "certificate has expired"},
        {"", {.begins = kDay}, "certificate is not yet valid"},
    };
    Authority authority;
    for (const Case& each : cases) {
        CAPTURE(each.name, each.said.names, each.why);
        CertificateFiles client = authority.certify("client");
        client.peer_name = each.name;
        Ends as_server(authority.certify("server", each.said), client);
        const auto by_client = as_server.run_both();
        CHECK(by_client[1] == kRefused + each.why);
        CHECK(by_client[0].starts_with(kRefuses));
        CHECK(as_server.client->has_judged());
        CHECK_FALSE(as_server.server->is_open());

        CertificateFiles server = authority.certify("server");
        server.peer_name = each.name;
        Ends as_client(server, authority.certify("client", each.said));
        const auto by_server = as_client.run_both();
        if (each.name == "server")  // the client's common name is another one anyway
            continue;
        CHECK(by_server[0] == kRefused + each.why);
        CHECK(by_server[1].starts_with(kRefuses));
        CHECK_FALSE(as_client.server->is_open());
    }
}

TEST_CASE("sync channel: a certificate of another authority is refused by both ends",
          "[sync][security]") {
    const std::string name = GENERATE("authority", "stranger");
    CAPTURE(name);
    Authority authority;
    Authority stranger(name);
    CertificateFiles forged = stranger.certify("client");
    forged.authorities =
        authority.certify("server").authorities;  // he believes, and isn't believed
    Ends ends(authority.certify("server"), forged);
    const auto said = ends.run_both();
    CHECK_FALSE(ends.server->is_open());
    CHECK(said[0] == kRefused + (name == "stranger"
                                     ? "it is of no authority in " + authority.file("authority") +
                                           " (--sync-ca)"
                                     : "certificate signature failure"));
    CHECK(said[1].starts_with(kRefuses));
    Ends both(authority.certify("server"), stranger.certify("client"));
    both.run_both();
    CHECK_FALSE(both.server->is_open());
    CHECK_FALSE(both.client->is_open());
}

TEST_CASE("sync channel: a name that is wanted is found, whatever the address", "[sync]") {
    Authority authority;
    CertificateFiles server = authority.certify("a", {.names = "DNS:a.example.net"});
    CertificateFiles client = authority.certify("b", {.names = "DNS:x.example, DNS:b.example.net"});
    server.peer_name = "b.example.net";
    client.peer_name = "a.example.net";
    Ends ends(server, client);
    CHECK(ends.run().empty());
    CHECK(ends.are_open());
}

TEST_CASE("sync channel: who has a key is not heard by who has a certificate, nor the other way",
          "[sync][security]") {
    Authority authority;
    Ends ends(authority.certify("server"), key_of(1));
    ends.run_both();
    CHECK_FALSE(ends.server->is_open());
    CHECK_FALSE(ends.client->is_open());
    Ends turned(key_of(1), authority.certify("client"));
    turned.run_both();
    CHECK_FALSE(turned.server->is_open());
    CHECK_FALSE(turned.client->is_open());
}

TEST_CASE("sync channel: certificates that are renewed are for connections to come", "[sync]") {
    Authority authority;
    Ends ends(authority.certify("server"), authority.certify("client", {.ends = -60}));
    ends.run_both();
    CHECK_FALSE(ends.server->is_open());
    CHECK_FALSE(ends.client_tls->renew().value());

    authority.certify("client");
    CHECK(ends.client_tls->renew().value());
    CHECK_FALSE(ends.client_tls->renew().value());
    ends.connect();
    CHECK(ends.run().empty());
    REQUIRE(ends.are_open());

    authority.certify("client", {.ends = -60});
    CHECK(ends.client_tls->renew().value());
    ends.greet();
    CHECK(ends.run().empty());  // it goes on by what it began with
    CHECK(ends.client->incoming().take().value()->as<Hello>().priority == 1);
}

}  // namespace channel_test
