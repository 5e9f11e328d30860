// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Reset watch: whether a device has said that it must be reset, which a process that starts anew
/// does.
///
/// Shape    Drivers say so of a device that hangs, and of a virtual function whose physical one was
///          reset. ENA's finds the first by a timer, which is_wanted() runs.
/// Threads  For the thread that starts the device; drivers speak on any.
/// Errors   Without memory to remember who listens, nothing is heard.
/// Source   rte_ethdev.h, RTE_ETH_EVENT_INTR_RESET; DPDK's guide of ena, of the watchdog.

#include <rte_ethdev.h>

#include <atomic>
#include <cstdint>

namespace sluice::ethdev {

class ResetWatch {
public:
    /// Listens from now on to the port `id`, of which `device` tells. Before it is started.
    ResetWatch(uint16_t id, const rte_eth_dev_info& device);
    /// Before the port is closed.
    ~ResetWatch();
    ResetWatch(const ResetWatch&) = delete;
    ResetWatch& operator=(const ResetWatch&) = delete;

    /// To be asked a few times a second.
    bool is_wanted() const;

private:
    static int hear(uint16_t id, rte_eth_event_type event, void* watch, void* unused);

    uint16_t id_;
    bool runs_timers_;
    std::atomic<bool> is_wanted_{false};
};

}  // namespace sluice::ethdev
