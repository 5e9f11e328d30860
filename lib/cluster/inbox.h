// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Inbox: flows of addresses that another gateway of the cluster hands over, on their way from the
/// thread that hears of them to the control core.
///
/// Shape    Begin, then records, and at the end Complete, of one gateway after the other.
/// Threads  The mailbox as it says; `taken` is written by the control core alone.

#include "sync/mailbox.h"

#include <atomic>
#include <cstdint>

namespace sluice::cluster {

struct Inbox {
    sync::Mailbox mailbox;
    /// So many times all up to a Complete has been put into the flow table. Stored with release:
    /// who loads it with acquire, and then lets workers use the address, lets them see its flows.
    std::atomic<uint32_t> taken{0};
};

}  // namespace sluice::cluster
