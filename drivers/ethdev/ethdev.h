// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Ethdev: any DPDK port, from its plan: queues, RSS, offloads.
///
/// Shape    As many queues of each kind as there are workers, or fewer where the device has not
///          so many, or where nobody would spread packets over them. Of a device that fills more
///          receive queues than there are workers, each worker polls several.
/// Threads  As io::Port. Attaching and starting are for the thread that started EAL.
/// Errors   A sentence: which port, why not, what to do.
/// Memory   Rings in EAL's memory at start(). The pool must outlive the port.

#include "base/result.h"
#include "ethdev/offload_plan.h"
#include "ethdev/port_plan.h"
#include "ethdev/removal_watch.h"
#include "ethdev/reset_watch.h"
#include "io/device.h"

#include <rte_spinlock.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

struct rte_mempool;
struct rte_eth_dev_info;

namespace sluice::ethdev {

class Ethdev final : public io::Device {
public:
    /// Makes the device known to EAL, which must have started. No packet flows yet.
    static Result<std::unique_ptr<Ethdev>> attach(const PortPlan& plan, unsigned workers);
    /// Stops and closes the device.
    ~Ethdev() override;
    Ethdev(const Ethdev&) = delete;
    Ethdev& operator=(const Ethdev&) = delete;

    Status start(rte_mempool* pool) override;

    unsigned receive(uint16_t queue, std::span<rte_mbuf*> packets) override;
    unsigned transmit(uint16_t queue, std::span<rte_mbuf*> packets) override;

    uint16_t rx_queues() const override { return rx_queues_; }
    uint16_t tx_queues() const override { return tx_queues_; }
    io::MacAddress mac() const override { return mac_; }
    uint16_t mtu() const override { return mtu_; }
    const io::Rss* rss() const override { return rss_ ? &*rss_ : nullptr; }
    bool inserts_tags() const override { return offloads_.inserts_tags; }
    bool verifies_checksums() const override { return offloads_.verifies_checksums; }

    int numa_node() const override;
    io::SoftwareWork software_work() const override { return offloads_.left_over(plan_); }
    uint32_t frame_bytes() const override;
    io::LinkState look() override;

private:
    /// One spinlock a cache line.
    struct alignas(64) Lock {
        rte_spinlock_t spinlock = RTE_SPINLOCK_INITIALIZER;
    };

    Ethdev(const PortPlan& plan, uint16_t id, unsigned workers);
    /// Of the queues that a worker polls in turn; a cache line each.
    struct alignas(64) NextQueue {
        unsigned index = 0;
    };

    unsigned receive_in_turn(uint16_t queue, std::span<rte_mbuf*> packets);
    Status let_vlans_in();
    Status let_groups_in();
    Status set_mtu();
    void switch_pauses_off();
    unsigned send(uint16_t queue, std::span<rte_mbuf*> packets);
    Status check_rss_key(const rte_eth_dev_info& device) const;
    Status configure(const rte_eth_dev_info& device);
    Status set_up_queues(rte_eth_dev_info& device, rte_mempool* pool);
    Status read_properties();
    Error failed(const char* step, int error) const;
    bool is_on_kernel() const;
    io::LinkState kernel_state();
    io::LinkState device_state() const;
    void count_losses();

    PortPlan plan_;
    uint16_t id_;
    unsigned workers_;
    uint16_t device_rx_queues_ = 1;
    uint16_t rx_queues_ = 1;  // as workers see them
    uint16_t tx_queues_ = 1;
    uint16_t mtu_ = 0;
    io::MacAddress mac_{};
    OffloadPlan offloads_;
    int interface_ = 0;     // of the kernel's, below the started port
    bool is_lost_ = false;  // that one has gone
    bool is_started_ = false;
    std::unique_ptr<ResetWatch> resets_;      // of the port that has been set up
    std::unique_ptr<RemovalWatch> removals_;  // likewise, where it is a PCI device
    std::optional<io::Rss> rss_;
    std::vector<Lock> tx_locks_;         ///< Empty when every worker has a queue of its own.
    std::vector<NextQueue> next_queue_;  ///< Empty when each polled queue is one of the device.
};

}  // namespace sluice::ethdev
