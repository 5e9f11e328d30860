// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Sender hears: by what the sender of a dropped packet learns of it, as those parts of a worker
/// decide that say it.
///
/// Threads  Pure functions.

#include "net/packet.h"
#include "stats/drop.h"
#include "why/answer.h"
#include "worker/forwarding.h"

namespace sluice::why {

/// Answers::refuse().
SenderHears hears_of(worker::Rejection rejection);

/// Where a packet is dropped for that reason with an error about it.
constexpr SenderHears hears_error(stats::Drop reason) {
    return reason == stats::Drop::TooBig ? SenderHears::TooBig : SenderHears::Error;
}

/// Answers::send_error() and IcmpRelay::tell().
SenderHears hears_error(stats::Drop reason, const net::Packet& about);

}  // namespace sluice::why
