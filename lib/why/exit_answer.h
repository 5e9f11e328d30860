// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Exit answer: by where a packet would leave, what is known of its next hop, and what else it
/// wants to leave there.
///
/// Units    The MTU is that of the wire: of an IPv6 side that of IPv6.
/// Threads  As why::Inquiry has it: the exit is the caller's own.

#include "link/egress.h"
#include "net/packet.h"
#include "policy/policy.h"
#include "why/answer.h"
#include "worker/shared.h"

namespace sluice::why {

Exit exit_answer(const worker::Shared& shared, const link::Exit& exit, const link::Path& path);

/// UDP that would leave as IPv6, and gets none of the checksum that it has come without: as
/// nat64::to_ipv6() drops it.
bool lacks_checksum(const worker::Shared& shared, const policy::Policy& policy, const Exit& exit,
                    const net::Packet& packet);

}  // namespace sluice::why
