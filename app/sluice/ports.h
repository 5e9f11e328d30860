// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Ports: both ports of the gateway, open, and the packets that they receive into.

#include "base/result.h"
#include "ethdev/ethdev.h"
#include "ethdev/packet_pool.h"

#include <array>
#include <memory>
#include <vector>

namespace sluice::app {

class Ports {
public:
    /// Opens and starts the ports of `plans`, inside and outside. Each receives into a pool on its
    /// own NUMA node, made as `packets` says.
    static Result<Ports> open(const std::array<ethdev::PortPlan, 2>& plans,
                              const ethdev::PacketPoolParams& packets, unsigned workers);

    ethdev::Ethdev& lan() { return *ports_[0]; }
    ethdev::Ethdev& wan() { return *ports_[1]; }
    /// For packets that sluice itself sends.
    rte_mempool* packets() { return pools_.front().pool.get(); }

    /// No NIC is still looking for its link; virtual ports have one whenever their other end has.
    bool are_links_up() const;

private:
    struct NodePool {
        int numa_node;
        ethdev::PacketPool pool;
    };

    Result<rte_mempool*> pool_on(int numa_node, const ethdev::PacketPoolParams& packets);

    std::vector<NodePool> pools_;  // before the ports, which hold its packets
    std::array<std::unique_ptr<ethdev::Ethdev>, 2> ports_;
};

}  // namespace sluice::app
