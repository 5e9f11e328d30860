// SPDX-License-Identifier: BSD-3-Clause
#include "ethdev/queue_plan.h"

#include "catch.h"

#include <rte_ethdev.h>

namespace queue_plan_test {

using namespace sluice;
using ethdev::plan_queues;
using ethdev::PortPlan;
using ethdev::QueuePlan;
using ethdev::Spreading;

namespace {

constexpr uint64_t kRss = RTE_ETH_RSS_NONFRAG_IPV4_TCP | RTE_ETH_RSS_NONFRAG_IPV4_UDP;

rte_eth_dev_info device(const char* driver, uint16_t rx, uint16_t tx, uint64_t rss) {
    rte_eth_dev_info info{};
    info.driver_name = driver;
    info.max_rx_queues = rx;
    info.max_tx_queues = tx;
    info.flow_type_rss_offloads = rss;
    return info;
}

PortPlan nic(uint16_t workers) {
    PortPlan port;
    port.spreading = Spreading::Nic;
    port.max_queues = workers;
    return port;
}

QueuePlan plan(const rte_eth_dev_info& info, uint16_t workers) {
    return plan_queues(info, nic(workers), workers);
}

}  // namespace

TEST_CASE("queue plan: a NIC with RSS has a queue for each worker", "[ethdev]") {
    const QueuePlan queues = plan(device("net_ice", 64, 64, kRss), 4);
    CHECK(queues.rx == 4);
    CHECK(queues.tx == 4);
    CHECK(queues.rss_hf == kRss);
    CHECK(queues.polled(4) == 4);
}

TEST_CASE("queue plan: without RSS one queue receives, all workers send", "[ethdev]") {
    const QueuePlan queues = plan(device("net_e1000_em", 2, 2, 0), 2);
    CHECK(queues.rx == 1);
    CHECK(queues.tx == 2);
    CHECK(queues.rss_hf == 0);
}

TEST_CASE("queue plan: a device with fewer queues than workers gives what it has", "[ethdev]") {
    const QueuePlan queues = plan(device("net_ixgbe", 2, 3, kRss), 4);
    CHECK(queues.rx == 2);
    CHECK(queues.tx == 3);
}

TEST_CASE("queue plan: one worker needs no RSS", "[ethdev]") {
    CHECK(plan(device("net_ice", 64, 64, kRss), 1).rss_hf == 0);
}

TEST_CASE("queue plan: virtio's queues are pairs, with RSS and without", "[ethdev]") {
    const QueuePlan plain = plan(device("net_virtio", 4, 4, 0), 3);
    CHECK(plain.rx == 3);
    CHECK(plain.tx == 3);
    CHECK(plain.rss_hf == 0);
    const QueuePlan hashed = plan(device("net_virtio", 4, 4, kRss), 3);
    CHECK(hashed.rx == 3);
    CHECK(hashed.tx == 3);
    CHECK(hashed.rss_hf == kRss);
    const QueuePlan user = plan(device("net_virtio_user", 2, 2, 0), 8);
    CHECK(user.rx == 2);
    CHECK(user.tx == 2);
}

TEST_CASE("queue plan: all queues of vhost are polled, by fewer workers if need be", "[ethdev]") {
    const QueuePlan queues = plan(device("net_vhost", 8, 8, 0), 3);
    CHECK(queues.rx == 8);
    CHECK(queues.tx == 3);
    CHECK(queues.polled(3) == 3);
    CHECK(plan(device("net_vhost", 2, 2, 0), 3).polled(3) == 2);
}

TEST_CASE("queue plan: vmxnet3 receives on a power of two", "[ethdev]") {
    CHECK(plan(device("net_vmxnet3", 16, 8, kRss), 3).rx == 2);
    CHECK(plan(device("net_vmxnet3", 16, 8, kRss), 3).tx == 3);
    CHECK(plan(device("net_vmxnet3", 16, 8, kRss), 4).rx == 4);
}

TEST_CASE("queue plan: mana has pairs of queues, a power of two", "[ethdev]") {
    const QueuePlan three = plan(device("net_mana", 16, 16, kRss), 3);
    CHECK(three.rx == 2);
    CHECK(three.tx == 2);
    CHECK(three.rss_hf == kRss);
    const QueuePlan uneven = plan(device("net_mana", 4, 2, kRss), 4);
    CHECK(uneven.rx == 2);
    CHECK(uneven.tx == 2);
}

TEST_CASE("queue plan: a port on a kernel interface has pairs of queues", "[ethdev]") {
    PortPlan port = nic(4);
    port.spreading = Spreading::Kernel;
    const QueuePlan queues = plan_queues(device("net_tap", 16, 3, kRss), port, 4);
    CHECK(queues.rx == 3);
    CHECK(queues.tx == 3);
    CHECK(queues.rss_hf == 0);
}

TEST_CASE("queue plan: a port that nobody spreads has one queue to receive on", "[ethdev]") {
    PortPlan port;
    port.max_queues = 1;
    const QueuePlan queues = plan_queues(device("net_memif", 16, 16, 0), port, 4);
    CHECK(queues.rx == 1);
    CHECK(queues.tx == 1);
}

}  // namespace queue_plan_test
