// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// A network interface of the kernel, as ports on it need to know it.

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

}  // namespace sluice::kernel
