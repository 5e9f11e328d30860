// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Privilege: what the process gives up once it has its ports and its memory, and each of its
/// threads where it begins its work. Whoever takes over a thread afterwards has no more than it.
///
///     all threads       gain nothing by execve(), which they may not call; no other process, name
///                       space, mount, module, key or clock is theirs to touch
///     control core      CAP_NET_ADMIN and CAP_NET_RAW, to make a port's socket anew
///     workers           no capability; system calls that move packets, sleep, and end
///     control socket,   no capability; system calls that answer a client; files to read only
///     lists
///     flow logs         as the control socket; and to a collector they make sockets of IPv4 and of
///                       this machine, and connect them; for a file they open files to append
///     the reload's      what flow logs may, which it starts, and to filter calls further
///     the pair's        as the control socket; and to the peer it makes sockets of IPv4, gives
///     them
///                       an address of this machine, and connects them
///     the cluster's     as the control socket; and to etcd it makes sockets of IPv4, and connects
///                       them
///
/// Threads  Capabilities and system calls are each thread's own. A thread inherits those of the one
///          that makes it, so what is given up before EAL starts is given up by all.
/// Errors   One sentence; the process is then less confined, and goes on.
/// Source   capabilities(7), seccomp(2). Lists: docs/security.md.

#include "base/result.h"

namespace sluice::app {

/// Before any other thread is there.
Status forbid_new_privileges();

/// Ports and memory are there. Filters the system calls of all threads, none of which has a filter
/// of its own yet.
Status filter_process();
/// The end of the start: this thread keeps the capabilities that the control core needs; EAL's
/// interrupt thread, none.
Status drop_capabilities();

// Of the calling thread, and those that it makes.
Status confine_worker();
Status confine_background();
Status confine_flow_log();
Status confine_file_log();
/// A thread that may be confined further by the above: of those it makes, each by its own.
Status confine_reload();
Status confine_pair();

}  // namespace sluice::app
