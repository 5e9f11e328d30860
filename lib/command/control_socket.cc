// SPDX-License-Identifier: BSD-3-Clause
#include "command/control_socket.h"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <grp.h>
#include <optional>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace sluice::command {
namespace {

constexpr mode_t kOwnerOnly = S_IRUSR | S_IWUSR;
constexpr mode_t kOwnerAndGroup = kOwnerOnly | S_IRGRP | S_IWGRP;
constexpr int kBacklog = SOMAXCONN;  // a client that does not wait is refused by a full one

Error failed(const std::string& path, const std::string& what) {
    return {"--control-socket " + path + ": it cannot be opened: " + what};
}

Error failed_errno(const std::string& path, const std::string& step) {
    return failed(path, step + ": " + std::strerror(errno));
}

std::string lock_path(const std::string& path) {
    return path + ".lock";
}

Result<sockaddr_un> address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.front() != '/')
        return failed(path, "its path must begin with a slash");
    if (path.size() >= sizeof(address.sun_path))
        return failed(path, "its path is longer than the " +
                                std::to_string(sizeof(address.sun_path) - 1) +
                                " bytes that a UNIX socket may have");
    path.copy(address.sun_path, path.size());
    return address;
}

const sockaddr* generic(const sockaddr_un& address) {
    return reinterpret_cast<const sockaddr*>(&address);
}

bool is_same_file(int fd, const std::string& path) {
    struct stat held {};
    struct stat named {};
    return fstat(fd, &held) == 0 && lstat(path.c_str(), &named) == 0 &&
           held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

/// Locks PATH.lock. An instance that stops removes the file while it holds the lock, so that what
/// has been locked here may have no name any more: then once more.
Result<Descriptor> lock(const std::string& path) {
    const std::string name = lock_path(path);
    while (true) {
        Descriptor file(open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kOwnerOnly));
        if (!file)
            return failed_errno(path, name);
        if (flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
            if (errno == EWOULDBLOCK)
                return failed(path,
                              "another instance of sluice that runs has it; stop that one, "
                              "or choose another path with --control-socket");
            return failed_errno(path, name);
        }
        if (is_same_file(file.get(), name))
            return file;
    }
}

/// Makes room at the path, if what is there is the socket of an instance that died.
Status remove_stale(const std::string& path, const sockaddr_un& address) {
    struct stat found {};
    if (lstat(path.c_str(), &found) != 0)
        return errno == ENOENT ? Status(Done{}) : Status(failed_errno(path, "lstat"));
    if (!S_ISSOCK(found.st_mode))
        return failed(path,
                      "there is a file of that name which is not a socket; move it away, or "
                      "choose another path with --control-socket");
    const Descriptor probe(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!probe)
        return failed_errno(path, "socket");
    if (connect(probe.get(), generic(address), sizeof(address)) == 0 || errno != ECONNREFUSED)
        return failed(path,
                      "another program has it; stop that one, or choose another path with "
                      "--control-socket");
    if (unlink(path.c_str()) != 0)
        return failed_errno(path, "unlink");
    return Done{};
}

/// The file is nobody else's until it is the group's.
Status share(const std::string& path, gid_t group) {
    if (lchown(path.c_str(), static_cast<uid_t>(-1), group) != 0)
        return failed_errno(path, "--control-group: chown");
    if (chmod(path.c_str(), kOwnerAndGroup) != 0)
        return failed_errno(path, "--control-group: chmod");
    return Done{};
}

Result<Descriptor> listen_at(const std::string& path, const sockaddr_un& address) {
    Descriptor listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!listener)
        return failed_errno(path, "socket");
    if (fchmod(listener.get(), kOwnerOnly) != 0)
        return failed_errno(path, "fchmod");
    if (bind(listener.get(), generic(address), sizeof(address)) != 0)
        return failed_errno(path, "bind");
    if (listen(listener.get(), kBacklog) != 0) {
        const Error error = failed_errno(path, "listen");
        unlink(path.c_str());
        return error;
    }
    return listener;
}

}  // namespace

Result<gid_t> find_group(const std::string& group) {
    gid_t number = 0;
    const char* const end = group.data() + group.size();
    if (const auto read = std::from_chars(group.data(), end, number);
        read.ec == std::errc{} && read.ptr == end)
        return number;
    errno = 0;
    if (const struct group* const found = getgrnam(group.c_str()))
        return found->gr_gid;
    return Error{"--control-group " + group + ": there is no group of that name" +
                 (errno == 0 ? "" : std::string(": ") + std::strerror(errno))};
}

Result<ControlSocket> ControlSocket::open(const std::string& path, std::optional<gid_t> group) {
    const auto address = address_of(path);
    if (!address)
        return address.error();
    auto held = lock(path);
    if (!held)
        return held.error();
    const Status room = remove_stale(path, *address);
    auto listener = room ? listen_at(path, *address) : Result<Descriptor>(room.error());
    if (!listener) {
        unlink(lock_path(path).c_str());
        return listener.error();
    }
    ControlSocket open(path, std::move(held).value(), std::move(listener).value());
    if (const Status shared = group ? share(path, *group) : Status(Done{}); !shared)
        return shared.error();
    return open;
}

ControlSocket::~ControlSocket() {
    if (!lock_)
        return;  // moved from
    unlink(path_.c_str());
    unlink(lock_path(path_).c_str());  // last, while it is locked
}

}  // namespace sluice::command
