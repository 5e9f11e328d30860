// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Listeners: the sockets of this network namespace by which the kernel takes TCP connections, and
/// datagrams of UDP from whomever.
///
/// Shape    Read from the kernel's own lists piece by piece, a page at most with each call, so that
///          no call takes long however many sockets there are. What opens or closes meanwhile may
///          be missed, or be there still.
/// Threads  One.
/// Errors   A list that cannot be opened, as without IPv6, has none.
/// Cost     A system call or two for some 27 sockets. Of TCP's only those that listen are read,
///          which come first.
/// Source   Linux Documentation/networking/proc_net_tcp.rst.

#include "io/listener.h"
#include "kernel/descriptor.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::kernel {

class Listeners {
public:
    /// Tests have lists of their own.
    explicit Listeners(std::string folder = "/proc/self/net") : folder_(std::move(folder)) {}

    /// As io::ReadListeners.
    bool read(std::vector<io::Listener>& found);

private:
    bool take(std::string_view piece, std::vector<io::Listener>& found);

    std::string folder_;
    size_t list_ = 0;
    Descriptor file_;
    std::string rest_;  // of a line whose end has not been read
};

}  // namespace sluice::kernel
