// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Forward guard: keeps the kernel from forwarding IPv4 packets that it receives on an interface.
///
/// A twin's packets are for addresses that the kernel has there, and are delivered. Should it lose
/// one (a DHCP client takes it off for a moment), a kernel that forwards would send them on.
///
/// Shape    An nftables table with one chain at the forward hook, which drops what has come by the
///          interface. It lasts as long as this object (kernel/nft_table.h).
/// Threads  Any one.
/// Errors   A sentence that says what the kernel refused.

#include "base/descriptor.h"
#include "base/result.h"

#include <string>
#include <utility>

namespace sluice::kernel {

class ForwardGuard {
public:
    static Result<ForwardGuard> install(const std::string& interface);

private:
    explicit ForwardGuard(Descriptor socket) : socket_(std::move(socket)) {}

    Descriptor socket_;  // the table goes when it closes
};

}  // namespace sluice::kernel
