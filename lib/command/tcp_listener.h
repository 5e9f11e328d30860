// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// TCP listener: where the gateway answers HTTP to whoever reaches an address of its kernel.
///
/// Errors   One sentence that names the address and what the kernel says of it: an address that is
///          not there yet may be there at the next start.
/// Source   tcp(7). What is set of the listener, its connections have from the beginning.

#include "base/big_endian.h"
#include "base/descriptor.h"
#include "base/result.h"

namespace sluice::command {

struct TcpAddress {
    Be32 address;
    Be16 port;

    /// Nobody but programs of this machine gets there.
    bool is_loopback() const { return address.host() >> 24 == 127; }
};

Result<Descriptor> listen_at(const TcpAddress& address);

}  // namespace sluice::command
