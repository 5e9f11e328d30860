// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Kernel addresses: whether the kernel still holds an address that is to be the gateway's.
///
/// The kernel answers ARP for each of its addresses on every interface, and with RSTs to the
/// connections of others that it does not know. So on a port that it sees too, an address that both
/// have breaks every connection. It is left over by DHCP, most often.
///
/// Shape    read_kernel_addresses() looks, check_kernel_addresses() judges: a pure function.
/// Errors   One sentence with the command that mends it.

#include "base/result.h"
#include "config/config.h"
#include "net/prefix.h"

#include <span>
#include <string>
#include <vector>

namespace sluice::app {

struct KernelAddress {
    std::string interface;
    net::Prefix address;
};

/// All IPv4 addresses of this network namespace.
std::vector<KernelAddress> read_kernel_addresses();

/// `config` has been validated.
Status check_kernel_addresses(const config::Config& config, std::span<const KernelAddress> held);

}  // namespace sluice::app
