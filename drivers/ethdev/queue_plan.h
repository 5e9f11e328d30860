// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Queue plan: how many queues of a device are taken, and who spreads packets over them.
///
/// Shape    A pure function of what the device says of itself. What no field of rte_eth_dev_info
///          tells is known by the driver's name:
///          virtio   queues are pairs, and the device sends on every pair that is taken, RSS or
///                   not: without it a flow comes to the queue on which it was last sent to the
///                   device. So each pair must be polled, and sent on by who polls it.
///          vhost    its peer uses all queues that there are, so all are taken, more than there
///                   are workers if need be.
///          vmxnet3  the number of receive queues is a power of two.
///          mana     so it is, and that of transmit queues is the same.
/// Source   Virtio 1.2 §5.1.6.5.5 (automatic receive steering); DPDK's guides of net_virtio,
///          net_vhost and net_vmxnet3, and the checks of vmxnet3_rss_conf and of
///          mana_dev_configure().

#include "ethdev/port_plan.h"

#include <cstdint>

struct rte_eth_dev_info;

namespace sluice::ethdev {

struct QueuePlan {
    uint16_t rx = 1;      ///< Receive queues of the device; all of them are polled.
    uint16_t tx = 1;      ///< Transmit queues.
    uint64_t rss_hf = 0;  ///< What the device is to hash by; 0: no RSS is asked for.

    /// Receive queues as workers see them: at most one each. Queue i stands for the device's queues
    /// i, i + n, i + 2n and so on.
    uint16_t polled(unsigned workers) const {
        return rx < workers ? rx : static_cast<uint16_t>(workers);
    }
};

/// For a port that `workers` poll.
QueuePlan plan_queues(const rte_eth_dev_info& device, const PortPlan& port, unsigned workers);

}  // namespace sluice::ethdev
