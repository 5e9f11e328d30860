// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/ports.h"

#include "af_packet/socket_port.h"
#include "ethdev/ethdev.h"

#include <algorithm>
#include <string>
#include <utility>

namespace sluice::app {

namespace {

/// Where a port's packets should lie: a virtual port's beside those of the other port.
int node_of(const ethdev::PortPlan& port, const std::array<ethdev::PortPlan, 2>& plans) {
    return port.numa_node >= 0 ? port.numa_node : std::max(plans[0].numa_node, plans[1].numa_node);
}

template <typename Port>
Result<std::unique_ptr<io::Device>> as_device(Result<std::unique_ptr<Port>> port) {
    if (!port)
        return port.error();
    return std::unique_ptr<io::Device>(std::move(*port));
}

Result<std::unique_ptr<io::Device>> attach(const ethdev::PortPlan& plan, unsigned workers) {
    if (plan.name.kind != io::PortKind::AfPacket)
        return as_device(ethdev::Ethdev::attach(plan, workers));
    af_packet::SocketPortParams params;
    params.label = plan.label();
    params.interface = plan.name.interface;
    params.queues = plan.max_queues;
    params.mtu = static_cast<uint16_t>(plan.mtu);
    return as_device(af_packet::SocketPort::open(params));
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

/// Keeps the kernel's IP away from a port on one of its interfaces. A tap's other end is a host of
/// its own, which sluice serves.
Status Ports::guard(const ethdev::PortPlan& plan) {
    const std::string& interface = plan.name.interface;
    if (interface.empty() || plan.name.kind == io::PortKind::Tap)
        return Done{};
    Result<kernel::IngressGuard> guard = kernel::IngressGuard::install(interface);
    if (guard) {
        guards_.push_back(std::move(*guard));
        return Done{};
    }
    const Error failed = plan.error(guard.error().message);
    if (kernel::forwards(interface))
        return Error{failed.message +
                     ", and the kernel would forward its packets too, untranslated; `sysctl -w "
                     "net.ipv4.conf." +
                     interface + ".forwarding=0` stops it"};
    warnings_.push_back(failed.message +
                        "; should the kernel begin to forward, packets leave untranslated");
    return Done{};
}

Result<Ports> Ports::open(const std::array<ethdev::PortPlan, 2>& plans,
                          const ethdev::PacketPoolParams& packets, unsigned workers) {
    Ports ports(plans);
    ethdev::PacketPoolParams params = packets;
    for (size_t i = 0; i < plans.size(); ++i) {
        Result<std::unique_ptr<io::Device>> port = attach(plans[i], workers);
        if (!port)
            return port.error();
        if (Status status = ports.guard(plans[i]); !status)
            return status.error();
        ports.ports_[i] = std::move(*port);
        params.frame_bytes = std::max(params.frame_bytes, ports.ports_[i]->frame_bytes());
    }
    for (size_t i = 0; i < plans.size(); ++i) {
        const Result<rte_mempool*> pool = ports.pool_on(node_of(plans[i], plans), params);
        if (!pool)
            return plans[i].error(pool.error().message);
        if (Status status = ports.ports_[i]->start(pool.value()); !status)
            return status.error();
    }
    return ports;
}

bool Ports::are_links_up() const {
    for (size_t i = 0; i < ports_.size(); ++i)
        if (plans_[i].name.kind == io::PortKind::Pci && !ports_[i]->is_link_up())
            return false;
    return true;
}

}  // namespace sluice::app
