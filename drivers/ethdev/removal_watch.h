// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Removal watch: whether a port's PCI device has been taken away, and is there again for a process
/// that starts anew.
///
/// Shape    Drivers say that it has gone by an event, or when they are asked. One that comes back
///          is no longer the port's, whatever its driver. It is of use when it has the driver of
///          the kernel's that it had at the start.
/// Threads  For the thread that starts the device; drivers speak on any.
/// Errors   As reset_watch.h.
/// Source   rte_ethdev.h, RTE_ETH_EVENT_INTR_RMV and rte_eth_dev_is_removed().

#include <rte_ethdev.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <string>

namespace sluice::ethdev {

class RemovalWatch {
public:
    /// Listens from now on to the port `id` of the PCI device of that address, as it stands below
    /// `root`. Before it is started.
    RemovalWatch(uint16_t id, std::string device, std::filesystem::path root = "/");
    /// Before the port is closed.
    ~RemovalWatch();
    RemovalWatch(const RemovalWatch&) = delete;
    RemovalWatch& operator=(const RemovalWatch&) = delete;

    /// For ever, once it is true.
    bool has_gone() const;
    /// Of one that has gone.
    bool is_there_again() const;

private:
    static int hear(uint16_t id, rte_eth_event_type event, void* watch, void* unused);

    uint16_t id_;
    std::string device_;
    std::filesystem::path root_;
    std::string driver_;  // of the kernel's, at the start
    std::atomic<bool> has_gone_{false};
};

}  // namespace sluice::ethdev
