// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Inbox: flows of addresses that another gateway of the cluster hands over, or has left copies of,
/// on their way from the thread that hears of them to the control core.
///
/// Shape    Begin, then records, and at the end Complete, of one gateway after the other.
/// Threads  The mailbox as it says, where who puts is whoever holds `telling`; `taken` is written
///          by the control core alone.

#include "sync/mailbox.h"

#include <atomic>
#include <cstdint>
#include <mutex>

namespace sluice::cluster {

struct Inbox {
    sync::Mailbox mailbox;
    std::mutex telling;      ///< Held from a Begin on, until its Complete is taken or given up.
    uint32_t completes = 0;  ///< By who holds that: so many times a Complete was put.
    /// So many times all up to a Complete has been put into the flow table. Stored with release:
    /// who loads it with acquire, and then lets workers use the address, lets them see its flows.
    std::atomic<uint32_t> taken{0};

    /// As many as `put`, which `completes` was once.
    bool has_taken(uint32_t put) const {
        return static_cast<int32_t>(taken.load(std::memory_order_acquire) - put) >= 0;
    }
};

}  // namespace sluice::cluster
