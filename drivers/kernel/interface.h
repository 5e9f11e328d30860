// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// A network interface of the kernel, as ports on it need to know it.
///
/// Threads  Any. look_up_interface() is the control core's too: it asks and waits for nobody, but
///          for who changes interfaces at that moment.

#include "base/result.h"
#include "io/port.h"

#include <cstdint>
#include <string>

namespace sluice::kernel {

struct Interface {
    int index = 0;
    uint32_t mtu = 0;
    io::MacAddress mac{};
    unsigned rx_queues = 1;    ///< In use now.
    bool is_running = false;   ///< Up, and its link too.
    bool is_settling = false;  ///< Has its link, and the kernel is about to say so.
    bool cuts_tcp = false;     ///< The device takes frames of many TCP segments (TSO).
    bool strips_tags = false;  ///< The device takes VLAN tags out of what it receives.
};

/// Looks `name` up in this network namespace. The error is why it cannot be a port and what to do.
Result<Interface> look_up_interface(const std::string& name);

/// Whether the interface of that index may have that name still, where it cannot be looked up: it
/// has, or the kernel cannot be asked, for want of descriptors, say.
bool may_still_be(const std::string& name, int index);

/// An error where this process may not open what a port on an interface is made of. It waits for
/// the kernel: before anything is forwarded.
Status check_raw_sockets();

}  // namespace sluice::kernel
