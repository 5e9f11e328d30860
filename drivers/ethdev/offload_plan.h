// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Offload plan: what of a device's abilities is used, and what sluice has to do itself.
///
/// Shape    A pure function of what the device says of itself. Nothing is assumed: what it lacks is
///          done in software (checksums, tags, chains of mbufs), or is an error that names the flag
///          (an MTU).
/// Units    An MTU is bytes of IP packet.
/// Source   DPDK's programmer's guide, "Hardware offload"; its guide of net_virtio on VLAN and
///          checksums; igb's, ixgbe's and em's receive set-up, which round buffers down to 1 KB or
///          to a power of two and chain what does not fit.

#include "base/result.h"
#include "ethdev/port_plan.h"
#include "io/device.h"

#include <cstdint>

struct rte_eth_dev_info;

namespace sluice::ethdev {

struct OffloadPlan {
    uint64_t rx = 0;   ///< RTE_ETH_RX_OFFLOAD_…
    uint64_t tx = 0;   ///< RTE_ETH_TX_OFFLOAD_…
    uint32_t mtu = 0;  ///< To ask for; 0: what the driver takes by itself.
    bool verifies_checksums = false;
    bool inserts_tags = false;
    bool filters_tags = false;  ///< Lets no VLAN pass but those that it is told.
    bool sends_chains = false;  ///< Frames of several mbufs.

    /// What the device does not do of what this port is asked for.
    io::SoftwareWork left_over(const PortPlan& port) const;
};

/// Fails where the device cannot have the MTU of --mtu.
Result<OffloadPlan> plan_offloads(const rte_eth_dev_info& device, const PortPlan& port);

}  // namespace sluice::ethdev
