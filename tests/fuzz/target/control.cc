// SPDX-License-Identifier: BSD-3-Clause

// The control socket: an input is what a client sends before it closes its half. The server answers
// with HTTP or not at all, and is there for the next client.

#include "catch.h"
#include "unit/command/served_gateway.h"

#include <cstring>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

using namespace sluice;

namespace {

int connect_to(const std::string& path) {
    const int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    REQUIRE(client >= 0);
    REQUIRE(connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    return client;
}

/// All that comes until the server closes.
std::string read_all(int client) {
    std::string all;
    char buffer[4096];
    ssize_t count;
    while ((count = read(client, buffer, sizeof buffer)) > 0)
        all.append(buffer, static_cast<size_t>(count));
    return all;
}

command::testing::ServedGateway& gateway() {
    static command::testing::ServedGateway one;
    return one;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
    static const bool is_filled = (gateway().open_flows(20), true);
    REQUIRE(is_filled);
    const int client = connect_to(gateway().path);
    // The server may have answered and closed before it has read all.
    (void)!send(client, bytes, size, MSG_NOSIGNAL);
    shutdown(client, SHUT_WR);
    const std::string answer = read_all(client);
    close(client);
    REQUIRE((answer.empty() || answer.starts_with("HTTP/1.")));
    return 0;
}
