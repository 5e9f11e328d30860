// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// A TCP port that nobody has at this moment; also for programs that do not use Catch2.
///
/// Errors   std::runtime_error where there is none.

#include "base/big_endian.h"

#include <arpa/inet.h>
#include <cstdint>
#include <netinet/in.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

namespace sluice::test {

inline Be16 free_port(uint32_t address = INADDR_LOOPBACK) {
    const int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_addr.s_addr = htonl(address);
    socklen_t size = sizeof place;
    auto* const generic = reinterpret_cast<sockaddr*>(&place);
    const bool is_bound =
        bind(probe, generic, size) == 0 && getsockname(probe, generic, &size) == 0;
    close(probe);
    if (!is_bound)
        throw std::runtime_error("no free port");
    return {place.sin_port};
}

}  // namespace sluice::test
