// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Socket: a descriptor that does not wait, on its way to a collector.

#include "base/descriptor.h"
#include "config/collector.h"

#include <ctime>
#include <sys/socket.h>

namespace sluice::flowlog {

class Socket : public Descriptor {
public:
    Socket() = default;
    /// SOCK_DGRAM or SOCK_STREAM, of AF_INET or AF_UNIX; without a descriptor where the kernel
    /// gives none (errno).
    explicit Socket(int type, int family = AF_INET)
        : Descriptor(::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {}

    void close() { *this = Socket(); }

    /// 0, or why not; EINPROGRESS of a stream that is being connected.
    int connect(const config::Collector& collector) const;
    /// What has happened to it since it was asked last: 0, or an errno.
    int error() const;
    void set(int level, int option, int value) const {
        setsockopt(get(), level, option, &value, sizeof(value));
    }
};

/// Seconds since 1970, as a message has them.
inline uint32_t export_time() {
    return static_cast<uint32_t>(std::time(nullptr));
}

}  // namespace sluice::flowlog
