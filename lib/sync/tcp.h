// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// TCP: sockets between gateways, by the kernel's interfaces. None of them waits.
///
/// Threads  Any.
/// Errors   No descriptor, and errno says why.

#include "base/descriptor.h"
#include "net/tuple.h"

namespace sluice::sync {

Descriptor listen_at(const net::Endpoint& place);
/// From that address, by any port; it may be connected later.
Descriptor connect_to(const net::Endpoint& peer, Be32 own);
/// Who has connected, from there.
Descriptor accept_at(const Descriptor& listener, net::Endpoint& from);

}  // namespace sluice::sync
