// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Listeners: the sockets of this network namespace by which the kernel takes TCP connections, and
/// datagrams of UDP from whomever.
///
/// Shape    TCP's are asked for (kernel/socket_query.h), UDP's are read from the kernel's own
/// lists,
///          piece by piece, a page at most with each call, so that no call takes long however many
///          sockets there are. What opens or closes meanwhile may be missed, or be there still.
/// Threads  One.
/// Errors   A kernel that cannot be asked has a list of TCP's as well, where those that listen come
///          first and no more are read. A list that cannot be opened, as without IPv6, has none.
/// Cost     Of UDP a system call or two for some 27 sockets.
/// Source   Linux Documentation/networking/proc_net_tcp.rst.

#include "io/listener.h"
#include "kernel/descriptor.h"
#include "kernel/socket_query.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::kernel {

class Listeners {
public:
    Listeners() = default;
    /// From lists alone, which are there. Tests have their own.
    explicit Listeners(std::string folder) : folder_(std::move(folder)), asks_(false) {}

    /// As io::ReadListeners.
    bool read(std::vector<io::Listener>& found);

private:
    SocketQuery::Answer ask(std::vector<io::Listener>& found);
    bool take(std::string_view piece, std::vector<io::Listener>& found);
    bool go_on();

    std::string folder_ = "/proc/self/net";
    bool asks_ = true;
    SocketQuery query_;
    size_t list_ = 0;
    Descriptor file_;
    std::string rest_;  // of a line whose end has not been read
};

}  // namespace sluice::kernel
