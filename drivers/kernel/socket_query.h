// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Socket query: which TCP sockets listen in this network namespace, asked of the kernel itself.
///
/// Shape    The answer comes in parts of some hundred sockets, one with each call.
/// Threads  One.
/// Errors   Where the kernel cannot be asked so, as without CONFIG_INET_DIAG, it says Refused;
///          behind some parts too, where memory is short.
/// Cost     Two system calls and one for each part. The kernel looks at its sockets that listen,
///          not at its connections: beside 100,000 of these a call took 0.07 ms, and one read of
///          /proc/net/tcp6, which goes through all of them to find its end, 80 to 180 ms
///          (Linux 6.18, 262,144 buckets; without connections 6 to 15 ms).
/// Source   sock_diag(7); inet_diag_dump_icsk() of Linux, net/ipv4/inet_diag.c.

#include "base/big_endian.h"
#include "base/descriptor.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace sluice::kernel {

/// What a socket is bound to.
struct Bound {
    std::array<uint32_t, 4> address{};  ///< As the network has it; of IPv4 the first word.
    Be16 port;
};

class SocketQuery {
public:
    enum class Answer : uint8_t { Part, Last, Refused };

    /// Appends a part of those of a family (AF_INET, AF_INET6); after the last the next call asks
    /// anew. Does not wait.
    Answer read(uint8_t family, std::vector<Bound>& found);

    /// What one part of an answer says, as it came from the kernel; appends its sockets.
    static Answer read_part(std::span<const std::byte> part, std::vector<Bound>& found);

private:
    bool ask(uint8_t family);

    Descriptor socket_;  // open until the last part has been read
};

}  // namespace sluice::kernel
