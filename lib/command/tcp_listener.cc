// SPDX-License-Identifier: BSD-3-Clause
#include "command/tcp_listener.h"

#include "net/text.h"

#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string>
#include <sys/socket.h>

namespace sluice::command {
namespace {

/// Of what was sent to a client and not acknowledged: then it has gone.
constexpr int kGoneMilliseconds = 20'000;

/// Connections inherit it: an answer of 64 KiB goes into it whole, so that no thread waits for who
/// reads slowly. The kernel takes twice as much for its own use.
constexpr int kSendBytes = 128 << 10;

bool set(const Descriptor& socket, int level, int option, int value) {
    return setsockopt(socket.get(), level, option, &value, sizeof value) == 0;
}

bool bind_to(const Descriptor& socket, const TcpAddress& at) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = at.address.raw;
    address.sin_port = at.port.raw;
    return bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

}  // namespace

Result<Descriptor> listen_at(const TcpAddress& address) {
    const auto failed = [&] {
        return Error{"--http " + net::to_string(address.address) + ':' +
                     std::to_string(address.port.host()) +
                     ": nothing can be served there: " + std::strerror(errno)};
    };
    Descriptor listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    // Connections of the gateway before this one may still be dying; two that listen are refused.
    if (!listener || !set(listener, SOL_SOCKET, SO_REUSEADDR, 1) ||
        !set(listener, IPPROTO_TCP, TCP_NODELAY, 1) ||
        !set(listener, SOL_SOCKET, SO_SNDBUF, kSendBytes) ||
        !set(listener, IPPROTO_TCP, TCP_USER_TIMEOUT, kGoneMilliseconds) ||
        !bind_to(listener, address) || listen(listener.get(), SOMAXCONN) != 0)
        return failed();
    return listener;
}

}  // namespace sluice::command
