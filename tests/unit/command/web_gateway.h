// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// A served gateway that answers over TCP as well, on loopback.

#include "free_port.h"
#include "served_gateway.h"

#include <netinet/in.h>
#include <sys/socket.h>

namespace sluice::command::testing {

inline ServerParams on_loopback(Be16 port, ServerParams params = {}) {
    params.http = TcpAddress{Be32::from_host(INADDR_LOOPBACK), port};
    return params;
}

struct WebGateway : ServedGateway {
    explicit WebGateway(ServerParams params = {}, Be16 at = test::free_port())
        : ServedGateway(1000, on_loopback(at, params)), port(at) {}

    httplib::Client web() const { return httplib::Client("127.0.0.1", port.host()); }

    /// From that address of loopback.
    Descriptor connect(uint32_t from = INADDR_LOOPBACK) const {
        Descriptor fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(from);
        REQUIRE(bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = port.raw;
        REQUIRE(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
        return fd;
    }

    Be16 port;
};

}  // namespace sluice::command::testing
