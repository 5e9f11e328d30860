// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Control socket: a listening UNIX socket that only the owner can reach, or a group with him, and
/// only one process has. It does not block who accepts.
///
/// Shape    Beside PATH stands PATH.lock, locked for as long as the process lives: it tells a live
///          instance from what a crashed one left behind.
/// Errors   open() says in one sentence what is in the way. It replaces a dead instance's socket,
///          and nothing else.
/// Memory   The destructor removes both files.
/// Source   unix(7), flock(2). Linux gives the file the mode of the socket at bind, so there is no
///          moment at which others could connect.

#include "base/descriptor.h"
#include "base/result.h"

#include <optional>
#include <string>
#include <sys/types.h>
#include <utility>

namespace sluice::command {

/// The group of that name or number, or what is wrong with --control-group.
Result<gid_t> find_group(const std::string& group);

class ControlSocket {
public:
    /// `group` may connect too, from the moment at which the file is its own.
    static Result<ControlSocket> open(const std::string& path, std::optional<gid_t> group = {});

    ControlSocket(ControlSocket&&) noexcept = default;
    ControlSocket& operator=(ControlSocket&&) = delete;
    ~ControlSocket();

    int listener() const { return listener_.get(); }
    const std::string& path() const { return path_; }

private:
    ControlSocket(std::string path, Descriptor lock, Descriptor listener)
        : path_(std::move(path)), lock_(std::move(lock)), listener_(std::move(listener)) {}

    std::string path_;
    Descriptor lock_;
    Descriptor listener_;
};

}  // namespace sluice::command
