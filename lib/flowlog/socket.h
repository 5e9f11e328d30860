// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Socket: a descriptor that does not wait, on its way to a collector.

#include "config/collector.h"

#include <ctime>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace sluice::flowlog {

class Socket {
public:
    Socket() = default;
    /// SOCK_DGRAM or SOCK_STREAM, of AF_INET or AF_UNIX; without a descriptor where the kernel
    /// gives none (errno).
    explicit Socket(int type, int family = AF_INET)
        : descriptor_(::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {}
    ~Socket() { close(); }
    Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    Socket& operator=(Socket&& other) noexcept {
        std::swap(descriptor_, other.descriptor_);
        return *this;
    }

    explicit operator bool() const { return descriptor_ >= 0; }
    int get() const { return descriptor_; }
    void close() {
        if (descriptor_ >= 0)
            ::close(std::exchange(descriptor_, -1));
    }

    /// 0, or why not; EINPROGRESS of a stream that is being connected.
    int connect(const config::Collector& collector) const;
    /// What has happened to it since it was asked last: 0, or an errno.
    int error() const;
    void set(int level, int option, int value) const {
        setsockopt(descriptor_, level, option, &value, sizeof(value));
    }

private:
    int descriptor_ = -1;
};

/// Seconds since 1970, as a message has them.
inline uint32_t export_time() {
    return static_cast<uint32_t>(std::time(nullptr));
}

}  // namespace sluice::flowlog
