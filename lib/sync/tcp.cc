// SPDX-License-Identifier: BSD-3-Clause
#include "sync/tcp.h"

#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <utility>

namespace sluice::sync {
namespace {

constexpr int kBacklog = 16;

sockaddr_in address_of(const net::Endpoint& place) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = place.address.raw;
    address.sin_port = place.port.raw;
    return address;
}

const sockaddr* generic(const sockaddr_in& place) {
    return reinterpret_cast<const sockaddr*>(&place);
}

Descriptor new_socket() {
    return Descriptor(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

void switch_on(const Descriptor& socket, int level, int option) {
    const int on = 1;
    setsockopt(socket.get(), level, option, &on, sizeof on);
}

}  // namespace

Descriptor listen_at(const net::Endpoint& place) {
    Descriptor listener = new_socket();
    if (listener)
        switch_on(listener, SOL_SOCKET, SO_REUSEADDR);
    const sockaddr_in address = address_of(place);
    const bool listens = listener && bind(listener.get(), generic(address), sizeof address) == 0 &&
                         listen(listener.get(), kBacklog) == 0;
    return listens ? std::move(listener) : Descriptor();
}

Descriptor connect_to(const net::Endpoint& peer, Be32 own) {
    Descriptor socket = new_socket();
    if (!socket)
        return socket;
    switch_on(socket, IPPROTO_TCP, TCP_NODELAY);
    const sockaddr_in from = address_of({own, {}});
    const sockaddr_in to = address_of(peer);
    const bool connects =
        bind(socket.get(), generic(from), sizeof from) == 0 &&
        (connect(socket.get(), generic(to), sizeof to) == 0 || errno == EINPROGRESS);
    return connects ? std::move(socket) : Descriptor();
}

Descriptor accept_at(const Descriptor& listener, net::Endpoint& from) {
    sockaddr_in address{};
    socklen_t length = sizeof address;
    Descriptor come(accept4(listener.get(), reinterpret_cast<sockaddr*>(&address), &length,
                            SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (come)
        switch_on(come, IPPROTO_TCP, TCP_NODELAY);
    from = {Be32{address.sin_addr.s_addr}, Be16{address.sin_port}};
    return come;
}

}  // namespace sluice::sync
