// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/ports.h"

#include <algorithm>
#include <string>
#include <utility>

namespace sluice::app {

namespace {

/// Where a port's packets should lie: a virtual port's beside those of the other port.
int node_of(const ethdev::PortPlan& port, const std::array<ethdev::PortPlan, 2>& plans) {
    return port.numa_node >= 0 ? port.numa_node : std::max(plans[0].numa_node, plans[1].numa_node);
}

}  // namespace

Result<rte_mempool*> Ports::pool_on(int numa_node, const ethdev::PacketPoolParams& packets) {
    for (NodePool& known : pools_)
        if (known.numa_node == numa_node)
            return known.pool.get();
    ethdev::PacketPoolParams params = packets;
    params.name += '_' + std::to_string(pools_.size());
    params.numa_node = numa_node;
    Result<ethdev::PacketPool> pool = ethdev::PacketPool::create(params);
    if (!pool)
        return pool.error();
    pools_.push_back({numa_node, std::move(*pool)});
    return pools_.back().pool.get();
}

Result<Ports> Ports::open(const std::array<ethdev::PortPlan, 2>& plans,
                          const ethdev::PacketPoolParams& packets, unsigned workers) {
    Ports ports;
    ethdev::PacketPoolParams params = packets;
    for (size_t i = 0; i < plans.size(); ++i) {
        Result<std::unique_ptr<ethdev::Ethdev>> port = ethdev::Ethdev::attach(plans[i], workers);
        if (!port)
            return port.error();
        ports.ports_[i] = std::move(*port);
        params.frame_bytes = std::max(params.frame_bytes, ports.ports_[i]->frame_bytes());
    }
    for (const auto& port : ports.ports_) {
        const Result<rte_mempool*> pool = ports.pool_on(node_of(port->plan(), plans), params);
        if (!pool)
            return port->plan().error(pool.error().message);
        if (Status status = port->start(pool.value()); !status)
            return status.error();
    }
    return ports;
}

bool Ports::are_links_up() const {
    return std::all_of(ports_.begin(), ports_.end(), [](const auto& port) {
        return port->plan().name.kind != io::PortKind::Pci || port->is_link_up();
    });
}

}  // namespace sluice::app
