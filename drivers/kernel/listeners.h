// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Listeners: the sockets of this network namespace by which the kernel takes TCP connections, and
/// datagrams of UDP from whomever.
///
/// Shape    TCP's are asked for (kernel/socket_query.h), UDP's are read from the kernel's own
///          lists, piece by piece, a page at most with each call, so that no call takes long
///          however many sockets there are. What opens or closes meanwhile may be missed, or be
///          there still.
/// Threads  One.
/// Errors   A kernel that cannot be asked has a list of TCP's as well, where those that listen come
///          first and no more are read; one that has never answered is not asked again, and the log
///          says so. A list that is not there, as without IPv6, has none. One that cannot be read
///          to its end is as it was when it last could.
/// Memory   Those that each list has had last.
/// Cost     Of UDP a system call or two for some 27 sockets.
/// Source   Linux Documentation/networking/proc_net_tcp.rst.

#include "base/descriptor.h"
#include "io/listener.h"
#include "kernel/socket_query.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::kernel {

class Listeners {
public:
    /// As SocketQuery::read.
    using Ask = std::function<SocketQuery::Answer(uint8_t family, std::vector<Bound>& found)>;
    using Notice = std::function<void(const std::string&)>;

    /// Those of the kernel. `notice` gets a sentence where that cannot be asked.
    explicit Listeners(Notice notice = nullptr);
    /// From lists that are there; nobody is asked by a null. Tests have their own.
    explicit Listeners(std::string folder, Ask ask = nullptr, Notice notice = nullptr);

    /// As io::ReadListeners.
    bool read(std::vector<io::Listener>& found);

private:
    /// Of TCP and of UDP, of IPv4 and of IPv6.
    static constexpr size_t kLists = 4;

    SocketQuery::Answer ask();
    bool take(std::string_view piece);
    bool go_on(bool is_whole, std::vector<io::Listener>& found);

    std::string folder_;
    Ask ask_;
    Notice notice_;
    bool has_answered_ = false;
    size_t list_ = 0;
    Descriptor file_;
    std::string rest_;                                    // of a line whose end has not been read
    std::vector<io::Listener> coming_;                    // of the list that is read now
    std::array<std::vector<io::Listener>, kLists> last_;  // of each, when it was last read whole
};

}  // namespace sluice::kernel
