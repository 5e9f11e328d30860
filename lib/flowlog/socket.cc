// SPDX-License-Identifier: BSD-3-Clause
#include "flowlog/socket.h"

#include <cerrno>
#include <netinet/in.h>
#include <string>
#include <sys/un.h>

namespace sluice::flowlog {
namespace {

/// Connects to an address of the kernel's form.
template <typename Address>
int connect_to(int descriptor, const Address& address) {
    const auto* place = reinterpret_cast<const sockaddr*>(&address);
    return ::connect(descriptor, place, sizeof(address)) == 0 ? 0 : errno;
}

}  // namespace

int Socket::connect(const config::Collector& collector) const {
    if (collector.transport == config::Transport::Local) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        if (collector.path.size() >= sizeof(address.sun_path))
            return ENAMETOOLONG;
        collector.path.copy(address.sun_path, sizeof(address.sun_path) - 1);
        return connect_to(get(), address);
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = collector.address.raw;
    address.sin_port = collector.port.raw;
    return connect_to(get(), address);
}

int Socket::error() const {
    int error = 0;
    socklen_t size = sizeof(error);
    return getsockopt(get(), SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

}  // namespace sluice::flowlog
