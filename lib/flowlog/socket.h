// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Socket: a descriptor that does not wait, on its way to a collector.

#include "config/collector.h"

#include <cerrno>
#include <ctime>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace sluice::flowlog {

class Socket {
public:
    Socket() = default;
    /// SOCK_DGRAM or SOCK_STREAM; without a descriptor where the kernel gives none (errno).
    explicit Socket(int type)
        : descriptor_(::socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {}
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
    int connect(const config::Collector& collector) const {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = collector.address.raw;
        address.sin_port = collector.port.raw;
        const auto* place = reinterpret_cast<const sockaddr*>(&address);
        return ::connect(descriptor_, place, sizeof(address)) == 0 ? 0 : errno;
    }
    /// What has happened to it since it was asked last: 0, or an errno.
    int error() const {
        int error = 0;
        socklen_t size = sizeof(error);
        return getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
    }
    void set(int level, int option, int value) const {
        setsockopt(descriptor_, level, option, &value, sizeof(value));
    }

private:
    int descriptor_ = -1;
};

/// "--ipfix tcp:192.0.2.5:4739".
std::string name_of(const config::Collector& collector);

/// Seconds since 1970, as a message has them.
inline uint32_t export_time() {
    return static_cast<uint32_t>(std::time(nullptr));
}

}  // namespace sluice::flowlog
