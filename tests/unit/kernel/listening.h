// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Sockets of the test's own on the loopback interface: one that listens, and one that is connected
/// to it.

#include "base/big_endian.h"
#include "base/descriptor.h"
#include "catch.h"

#include <netinet/in.h>
#include <sys/socket.h>

namespace sluice::test {

inline constexpr Be32 kLoopback = Be32::from_host(INADDR_LOOPBACK);

class Socket {
public:
    Be16 port() const {
        sockaddr_in own{};
        socklen_t length = sizeof own;
        REQUIRE(getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&own), &length) == 0);
        return Be16{own.sin_port};
    }

protected:
    static sockaddr_in at(Be16 port) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = port.raw;
        address.sin_addr.s_addr = kLoopback.raw;
        return address;
    }

    Descriptor socket_{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
};

/// By a port that the kernel chooses.
class Listening : public Socket {
public:
    Listening() {
        const sockaddr_in any = at({});
        REQUIRE(bind(socket_.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any) == 0);
        REQUIRE(listen(socket_.get(), 1) == 0);
    }
};

class Connected : public Socket {
public:
    explicit Connected(const Listening& server) {
        const sockaddr_in to = at(server.port());
        REQUIRE(connect(socket_.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0);
    }
};

}  // namespace sluice::test
