// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/ports.h"

#include "af_packet/socket_port.h"
#include "ethdev/ethdev.h"
#include "kernel/interface.h"

#include <algorithm>
#include <net/if.h>
#include <string>
#include <utility>

namespace sluice::app {

namespace {

/// Where a port's packets should lie: a virtual port's beside those of another port.
int node_of(const ethdev::PortPlan& port, const std::vector<ethdev::PortPlan>& plans) {
    int node = port.numa_node;
    for (const ethdev::PortPlan& other : plans)
        if (node < 0)
            node = other.numa_node;
    return node;
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
    params.hears_groups = plan.hears_groups;
    if (plan.wanted_mtu != 0)
        params.mtu = params.most_mtu = static_cast<uint16_t>(plan.wanted_mtu);
    return as_device(af_packet::SocketPort::open(params));
}

/// The kernel's IP sees what arrives at the port. A tap's other end is a host of its own, which
/// sluice serves.
bool is_shared(const ethdev::PortPlan& plan) {
    return plan.name.kind != io::PortKind::Tap && !plan.name.interface.empty();
}

Error unguarded(const ethdev::PortPlan& plan, const Error& why) {
    return plan.error(why.message +
                      ", and the kernel would forward its packets too, untranslated; "
                      "`sysctl -w net.ipv4.conf." +
                      plan.name.interface + ".forwarding=0` stops it");
}

}  // namespace

Status check_forwarding(const ethdev::PortPlan& plan) {
    if (!is_shared(plan) || !kernel::forwards(plan.name.interface))
        return Done{};
    const Status rules = kernel::IngressGuard::try_out();
    return rules ? rules : Status{unguarded(plan, rules.error())};
}

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

/// Keeps the kernel's IP away from a port on one of its interfaces.
Status Ports::guard(size_t index) {
    const ethdev::PortPlan& plan = plans_[index];
    const std::string& name = plan.name.interface;
    Guarded& guarded = guards_[index];
    const unsigned interface = is_shared(plan) ? if_nametoindex(name.c_str()) : 0;
    if (interface != 0 && interface == guarded.interface)
        return Done{};
    guarded = {};  // the table's name is free before it is given again
    if (interface == 0)
        return Done{};
    Result<kernel::IngressGuard> guard = kernel::IngressGuard::install(name, plan.vlans);
    if (!guard && kernel::forwards(name))
        return unguarded(plan, guard.error());
    if (guard)
        guarded.guard = std::move(*guard);
    else
        warnings_.push_back(plan.label() + ": " + guard.error().message +
                            "; should the kernel begin to forward, packets leave untranslated");
    guarded.interface = interface;
    return Done{};
}

io::LinkState Ports::look(size_t index) {
    io::Device& port = *ports_[index];
    const Status status = guard(index);
    if (status)
        return port.look();
    port.set_link(false);
    return {false, false, port.mtu(), status.error().message};
}

Result<Ports> Ports::open(std::vector<ethdev::PortPlan> plans,
                          const ethdev::PacketPoolParams& packets, unsigned workers) {
    Ports ports(std::move(plans));
    ethdev::PacketPoolParams params = packets;
    for (size_t i = 0; i < ports.plans_.size(); ++i) {
        Result<std::unique_ptr<io::Device>> port = attach(ports.plans_[i], workers);
        if (!port)
            return port.error();
        if (Status status = ports.guard(i); !status)
            return status.error();
        ports.ports_.push_back(std::move(*port));
        params.frame_bytes = std::max(params.frame_bytes, ports.ports_[i]->frame_bytes());
    }
    for (size_t i = 0; i < ports.size(); ++i) {
        const ethdev::PortPlan& plan = ports.plans_[i];
        const Result<rte_mempool*> pool = ports.pool_on(node_of(plan, ports.plans_), params);
        if (!pool)
            return plan.error(pool.error().message);
        if (Status status = ports.ports_[i]->start(pool.value()); !status)
            return status.error();
    }
    return ports;
}

bool Ports::are_links_up() {
    for (size_t i = 0; i < size(); ++i)
        if (is_coming_up(i))
            return false;
    return true;
}

bool Ports::is_coming_up(size_t index) {
    const io::PortName& name = plans_[index].name;
    if (name.kind == io::PortKind::Pci)
        return !look(index).is_up;
    if (name.kind != io::PortKind::AfPacket && name.kind != io::PortKind::AfXdp)
        return false;
    const Result<kernel::Interface> interface = kernel::look_up_interface(name.interface);
    return interface && (*interface).is_settling;
}

}  // namespace sluice::app
