// SPDX-License-Identifier: BSD-3-Clause
#include "ethdev/queue_plan.h"

#include <rte_ethdev.h>

#include <algorithm>
#include <bit>
#include <string_view>

namespace sluice::ethdev {
namespace {

constexpr uint64_t kRssFields = RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP;

bool is_driver(const rte_eth_dev_info& device, std::string_view prefix) {
    return device.driver_name != nullptr &&
           std::string_view(device.driver_name).starts_with(prefix);
}

/// Who spreads by itself does so over pairs.
bool has_pairs(const rte_eth_dev_info& device, const PortPlan& port) {
    return port.spreading == Spreading::Kernel || is_driver(device, "net_virtio");
}

}  // namespace

QueuePlan plan_queues(const rte_eth_dev_info& device, const PortPlan& port, unsigned workers) {
    const auto limit = static_cast<uint16_t>(std::min<unsigned>(port.max_queues, workers));
    const uint64_t rss =
        port.spreading == Spreading::Nic ? device.flow_type_rss_offloads & kRssFields : 0;
    QueuePlan plan;
    plan.tx = std::max<uint16_t>(std::min(limit, device.max_tx_queues), 1);
    if (has_pairs(device, port))
        plan.rx = plan.tx = std::max<uint16_t>(std::min(plan.tx, device.max_rx_queues), 1);
    else if (is_driver(device, "net_vhost"))
        plan.rx = std::max<uint16_t>(device.max_rx_queues, 1);
    else if (rss != 0)
        plan.rx = std::max<uint16_t>(std::min(limit, device.max_rx_queues), 1);
    if (is_driver(device, "net_vmxnet3"))
        plan.rx = std::bit_floor(plan.rx);
    if (is_driver(device, "net_mana"))
        plan.rx = plan.tx = std::bit_floor(std::min(plan.rx, plan.tx));
    if (plan.rx > 1)
        plan.rss_hf = rss;
    return plan;
}

}  // namespace sluice::ethdev
