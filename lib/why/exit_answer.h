// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Exit answer: by where a packet would leave, and what is known of its next hop.
///
/// Units    The MTU is that of the wire: of an IPv6 side that of IPv6.
/// Threads  As why::Inquiry has it: the exit is the caller's own.

#include "link/egress.h"
#include "why/answer.h"
#include "worker/shared.h"

namespace sluice::why {

Exit exit_answer(const worker::Shared& shared, const link::Exit& exit, const link::Path& path);

}  // namespace sluice::why
