// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Login: whether a port would take the interface by which the operator is logged in who starts it.
/// It need not be that of the default route. On an interface that stays the kernel's IPv6 goes on,
/// and a NIC that DPDK has alone has none, so this is about IPv4.
///
/// Shape    read_login() looks, check_login() judges.
/// Errors   What cannot be read is nothing to say: a service is started by nobody who is logged in.
/// Source   ssh(1): SSH_CONNECTION is client, its port, server, its port. sudo(8) takes it out of
///          the environment, but not of that of the shell that sudo was typed in; proc(5).

#include "base/result.h"
#include "ethdev/port_plan.h"
#include "sluice/kernel_addresses.h"

#include <filesystem>
#include <optional>
#include <span>

namespace sluice::app {

/// This machine's address, to which the SSH is connected that this process comes from; nothing
/// where it comes from none, or one by IPv6. `root` is "/" but in tests.
std::optional<Be32> read_login(const std::filesystem::path& root);

/// An error where the port takes the interface that has the address. `held` is what
/// read_kernel_addresses() says.
Status check_login(const ethdev::PortPlan& port, std::optional<Be32> login,
                   std::span<const KernelAddress> held, const std::filesystem::path& root);

}  // namespace sluice::app
