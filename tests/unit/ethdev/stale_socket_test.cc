// SPDX-License-Identifier: BSD-3-Clause
#include "ethdev/stale_socket.h"

#include "base/descriptor.h"
#include "catch.h"
#include "temporary_directory.h"

#include <fstream>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace stale_socket_test {

using namespace sluice;
using namespace sluice::ethdev;

namespace {

struct Place {
    test::TemporaryDirectory directory;
    std::string path = directory.file("memif.sock");

    bool is_taken() const { return access(path.c_str(), F_OK) == 0; }
};

Descriptor listen_at(const std::string& path) {
    Descriptor server(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, path.size());
    REQUIRE(bind(server.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(listen(server.get(), 1) == 0);
    return server;
}

}  // namespace

TEST_CASE("stale socket: that of a dead server is removed, that of a living one is not",
          "[ethdev]") {
    Place place;
    CHECK(remove_stale_socket(place.path).ok());
    {
        const Descriptor server = listen_at(place.path);
        CHECK_FALSE(remove_stale_socket(place.path).ok());
        CHECK(place.is_taken());
    }
    CHECK(place.is_taken());
    CHECK(remove_stale_socket(place.path).ok());
    CHECK_FALSE(place.is_taken());
}

TEST_CASE("stale socket: what is no socket is left alone", "[ethdev]") {
    Place place;
    std::ofstream(place.path) << "mine";
    CHECK_FALSE(remove_stale_socket(place.path).ok());
    CHECK(place.is_taken());
    CHECK_FALSE(remove_stale_socket(std::string(200, 'x')).ok());
}

}  // namespace stale_socket_test
