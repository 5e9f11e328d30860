// SPDX-License-Identifier: BSD-3-Clause
#include "ethdev/stale_socket.h"

#include "base/descriptor.h"

#include <cerrno>
#include <cstring>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace sluice::ethdev {

Status remove_stale_socket(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path)
        return Error{"the path of its socket is too long"};
    path.copy(address.sun_path, path.size());
    struct stat found {};
    if (lstat(path.c_str(), &found) != 0)
        return errno == ENOENT ? Status{Done{}} : Status{Error{path + ": " + std::strerror(errno)}};
    if (!S_ISSOCK(found.st_mode))
        return Error{path + " is there and is not a socket; move it away"};
    const Descriptor probe(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ||
        errno != ECONNREFUSED)
        return Error{"another program is the server at " + path + "; stop that one"};
    if (unlink(path.c_str()) != 0)
        return Error{path +
                     ", left by a program that died, cannot be removed: " + std::strerror(errno)};
    return Done{};
}

}  // namespace sluice::ethdev
