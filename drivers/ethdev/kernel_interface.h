// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// A network interface of the kernel, as af_packet and af_xdp ports need to know it.

#include "base/result.h"

#include <cstdint>
#include <string>

namespace sluice::ethdev {

struct KernelInterface {
    uint32_t mtu = 0;
    unsigned rx_queues = 1;  ///< In use now.
};

/// Looks `name` up in this network namespace. The error is why it cannot be a port and what to do.
Result<KernelInterface> look_up_interface(const std::string& name);

}  // namespace sluice::ethdev
