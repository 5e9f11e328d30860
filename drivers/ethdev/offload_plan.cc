// SPDX-License-Identifier: BSD-3-Clause
#include "ethdev/offload_plan.h"

#include <rte_ethdev.h>

#include <string>
#include <string_view>

namespace sluice::ethdev {
namespace {

constexpr uint64_t kChecksumOffloads =
    RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_TCP_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM;
constexpr uint64_t kTagOffloads = RTE_ETH_RX_OFFLOAD_VLAN_STRIP | RTE_ETH_RX_OFFLOAD_VLAN_FILTER;

/// A virtio device that is told to verify may pass on packets of its host whose checksums nobody
/// has filled in; one that is not told to gets them complete.
bool verifies(const rte_eth_dev_info& device) {
    const bool is_virtio = device.driver_name != nullptr &&
                           std::string_view(device.driver_name).starts_with("net_virtio");
    return !is_virtio && (device.rx_offload_capa & kChecksumOffloads) == kChecksumOffloads;
}

Status check_mtu(const rte_eth_dev_info& device, const PortPlan& port) {
    if (port.wanted_mtu == 0)
        return Done{};
    const std::string flag = "--mtu " + std::to_string(port.wanted_mtu) + ": this NIC takes ";
    if (device.max_mtu != 0 && port.wanted_mtu > device.max_mtu)
        return port.error(flag + std::to_string(device.max_mtu) + " at most");
    if (port.wanted_mtu < device.min_mtu)
        return port.error(flag + std::to_string(device.min_mtu) + " at least");
    return Done{};
}

}  // namespace

io::SoftwareWork OffloadPlan::left_over(const PortPlan& port) const {
    return {.checksums = !verifies_checksums,
            .tags = port.takes_tagged() && !inserts_tags,
            .joining = !sends_chains};
}

Result<OffloadPlan> plan_offloads(const rte_eth_dev_info& device, const PortPlan& port) {
    if (Status status = check_mtu(device, port); !status)
        return status.error();
    OffloadPlan plan;
    plan.mtu = port.wanted_mtu;
    plan.verifies_checksums = verifies(device);
    if (plan.verifies_checksums)
        plan.rx |= kChecksumOffloads;
    // A buffer has room for the frame, but a driver may not use all of it. Frames of the usual size
    // fit in any, and the way without chains is the faster one.
    if (port.wanted_mtu > RTE_ETHER_MTU)
        plan.rx |= device.rx_offload_capa & RTE_ETH_RX_OFFLOAD_SCATTER;
    plan.tx = device.tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
    plan.sends_chains = plan.tx != 0;
    // Those of tags only where there are tags: some drivers are slower with them.
    if (!port.takes_tagged())
        return plan;
    plan.rx |= device.rx_offload_capa & kTagOffloads;
    plan.tx |= device.tx_offload_capa & RTE_ETH_TX_OFFLOAD_VLAN_INSERT;
    plan.filters_tags = (plan.rx & RTE_ETH_RX_OFFLOAD_VLAN_FILTER) != 0;
    plan.inserts_tags = (plan.tx & RTE_ETH_TX_OFFLOAD_VLAN_INSERT) != 0;
    return plan;
}

}  // namespace sluice::ethdev
