// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/platform.h"

#include "config/ports.h"
#include "ethdev/virtio_access.h"
#include "io/port_name.h"
#include "sluice/default_route.h"
#include "sluice/kernel_addresses.h"
#include "sluice/login.h"
#include "sluice/memory.h"
#include "sluice/node_memory.h"
#include "sluice/vfio.h"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace sluice::app {
namespace {

using ethdev::PortPlan;

Result<std::vector<Claim>> claim(std::span<const PortPlan> ports) {
    std::vector<Claim> claims;
    for (const PortPlan& port : ports) {
        const std::optional<std::string> resource = claimed_resource(port.name);
        if (!resource)
            continue;
        Result<Claim> claim = Claim::take(*resource, "--" + port.flag + ' ' + port.name.text);
        if (!claim)
            return claim.error();
        claims.push_back(std::move(*claim));
    }
    return claims;
}

/// An error where whoever runs this machine would be cut off from it.
Status check_reachability(std::span<const PortPlan> ports) {
    const std::optional<Be32> login = read_login("/");
    const std::vector<KernelAddress> held = read_kernel_addresses();
    for (const PortPlan& port : ports) {
        if (Status status = check_default_route(port, "/"); !status)
            return status;
        if (Status status = check_login(port, login, held, "/"); !status)
            return status;
    }
    return Done{};
}

EalParams eal_params(const config::Config& config, const CorePlan& cores, size_t memory_mb,
                     std::span<const PortPlan> ports) {
    EalParams params;
    params.lcores = cores.lcores();
    params.no_huge = config.no_huge;
    params.memory_mb = memory_mb;
    params.further = config.eal;
    for (const PortPlan& port : ports)
        if (port.name.kind == io::PortKind::Pci)
            params.pci.push_back(port.name.device +
                                 (port.arguments.empty() ? "" : ',' + port.arguments));
    return params;
}

}  // namespace

Result<PortPlan> plan_port_of(const config::SharedPort& port, const config::Config& config) {
    const Result<io::PortName> name = io::parse_port_name(port.port, port.name);
    if (!name)
        return name.error();
    Result<PortPlan> plan = ethdev::plan_port(port.flag, name.value(), config.workers);
    if (!plan)
        return plan.error();
    (*plan).own_name = port.name;
    (*plan).hears_groups = (config.lan6 && config.lans.front().at.port == port.port) ||
                           (config.wan6 && config.wans.front().at.port == port.port);
    if (Status status = (*plan).want_vlans(port.vlans); !status)
        return status.error();
    if (config.mtu != 0)
        if (Status status = (*plan).want_mtu(config.mtu); !status)
            return status.error();
    (*plan).rx_ring = static_cast<uint16_t>(config.rx_ring);
    (*plan).tx_ring = static_cast<uint16_t>(config.tx_ring);
    (*plan).rss_key = config.rss_key;
    return plan;
}

Status check_access(const PortPlan& port, const config::Config& config) {
    if (port.name.kind != io::PortKind::Pci)
        return Done{};
    return ethdev::check_virtio(port, ethdev::virtio_access(port.name.device), config.eal);
}

Result<std::unique_ptr<Platform>> Platform::start(const config::Config& config) {
    CorePlan cores = plan_cores(config, allowed_cpus());

    std::vector<PortPlan> plans;
    for (const config::SharedPort& port : config::ports_of(config)) {
        Result<PortPlan> plan = plan_port_of(port, config);
        if (!plan)
            return plan.error();
        plans.push_back(std::move(*plan));
    }
    Result<std::vector<Claim>> claims = claim(plans);
    if (!claims)
        return claims.error();
    if (!config.force)
        if (Status status = check_reachability(plans); !status)
            return status.error();
    for (const PortPlan& plan : plans)
        if (Status status = check_vfio_files(plan, "/"); !status)
            return status.error();
    for (const PortPlan& plan : plans)
        if (Status status = check_access(plan, config); !status && !config.force)
            return status.error();
    if (Status status = check_kernel_addresses(config, read_kernel_addresses()); !status)
        return status.error();
    const ethdev::PacketPoolParams packets = plan_packets(plans, config, cores.is_shared());
    const MemoryNeed need = plan_memory(config, packets, count_numa_nodes(plans));
    const FreeMemory free = read_free_memory();
    if (Status status = check_memory(config, need, free); !status)
        return status.error();
    if (Status status = check_node_memory(config, need, packets, plans, "/"); !status)
        return status.error();
    for (const PortPlan& plan : plans)
        if (Status status = check_locked_memory(plan, eal_bytes(config, need, free), "/"); !status)
            return status.error();

    Result<std::unique_ptr<Eal>> eal = Eal::start(eal_params(config, cores, need.eal_mb, plans));
    if (!eal)
        return eal.error();
    Result<Ports> ports = Ports::open(plans, packets, config.workers);
    if (!ports)
        return ports.error();
    return std::unique_ptr<Platform>(
        new Platform(std::move(cores), std::move(*claims), std::move(*eal), std::move(*ports)));
}

}  // namespace sluice::app
