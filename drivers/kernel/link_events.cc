// SPDX-License-Identifier: BSD-3-Clause
#include "kernel/link_events.h"

#include <array>
#include <cerrno>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

namespace sluice::kernel {

LinkEvents::LinkEvents() {
    Descriptor netlink(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
    const sockaddr_nl address{AF_NETLINK, 0, 0, RTMGRP_LINK};
    if (netlink &&
        bind(netlink.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
        socket_ = std::move(netlink);
}

bool LinkEvents::take() {
    // What it says is not read: who hears of it looks at the interfaces themselves.
    constexpr unsigned kMostAtOnce = 64;
    std::array<char, 64> ignored;
    bool has_any = false;
    for (unsigned i = 0; i < kMostAtOnce && socket_; ++i) {
        const ssize_t bytes = recv(socket_.get(), ignored.data(), ignored.size(), MSG_TRUNC);
        if (bytes < 0 && errno != ENOBUFS)  // more than the socket keeps: something happened
            break;
        has_any = true;
    }
    return has_any;
}

}  // namespace sluice::kernel
