// SPDX-License-Identifier: BSD-3-Clause
#include "ethdev/offload_plan.h"

#include "catch.h"

#include <rte_ethdev.h>

namespace offload_plan_test {

using namespace sluice;
using ethdev::OffloadPlan;
using ethdev::plan_offloads;
using ethdev::PortPlan;

namespace {

constexpr uint64_t kChecksums =
    RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_TCP_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM;
constexpr uint64_t kTags = RTE_ETH_RX_OFFLOAD_VLAN_STRIP | RTE_ETH_RX_OFFLOAD_VLAN_FILTER;

/// A NIC that can do all that there is.
rte_eth_dev_info able(const char* driver) {
    rte_eth_dev_info device{};
    device.driver_name = driver;
    device.rx_offload_capa = ~uint64_t{0};
    device.tx_offload_capa = ~uint64_t{0};
    device.min_mtu = 68;
    device.max_mtu = 9000;
    return device;
}

PortPlan port(std::vector<uint16_t> vlans = {0}, uint32_t mtu = 0) {
    PortPlan plan;
    plan.flag = "wan";
    plan.name.kind = io::PortKind::Pci;
    plan.name.text = "pci:0000:03:00.0";
    plan.vlans = std::move(vlans);
    if (mtu != 0)
        REQUIRE(plan.want_mtu(mtu).ok());
    return plan;
}

OffloadPlan plan(const rte_eth_dev_info& device, const PortPlan& port) {
    Result<OffloadPlan> plan = plan_offloads(device, port);
    REQUIRE(plan.ok());
    return *plan;
}

}  // namespace

TEST_CASE("offload plan: no more is asked for than is used", "[ethdev]") {
    const OffloadPlan offloads = plan(able("net_ice"), port());
    CHECK(offloads.rx == kChecksums);
    CHECK(offloads.tx == RTE_ETH_TX_OFFLOAD_MULTI_SEGS);
    CHECK(offloads.mtu == 0);
    CHECK(offloads.verifies_checksums);
    CHECK(offloads.sends_chains);
    CHECK_FALSE(offloads.inserts_tags);
    CHECK_FALSE(offloads.filters_tags);
}

TEST_CASE("offload plan: what a device lacks is left to software", "[ethdev]") {
    rte_eth_dev_info device{};
    device.driver_name = "net_plain";
    const OffloadPlan offloads = plan(device, port({10}, 9000));
    CHECK(offloads.rx == 0);
    CHECK(offloads.tx == 0);
    CHECK_FALSE(offloads.verifies_checksums);
    CHECK_FALSE(offloads.inserts_tags);
    CHECK_FALSE(offloads.filters_tags);
    CHECK_FALSE(offloads.sends_chains);
    CHECK(offloads.left_over(port({10})) == io::SoftwareWork{true, true, true});
}

TEST_CASE("offload plan: software has no more to do than is asked for", "[ethdev]") {
    CHECK(plan(able("net_ice"), port()).left_over(port()) == io::SoftwareWork{});
    CHECK(plan(able("net_ice"), port({10})).left_over(port({10})) == io::SoftwareWork{});
    rte_eth_dev_info device = able("net_ena");
    device.tx_offload_capa &= ~uint64_t{RTE_ETH_TX_OFFLOAD_VLAN_INSERT};
    CHECK(plan(device, port()).left_over(port()) == io::SoftwareWork{});
    CHECK(plan(device, port({10})).left_over(port({10})) == io::SoftwareWork{.tags = true});
    CHECK(plan(able("net_virtio"), port()).left_over(port()) ==
          io::SoftwareWork{.checksums = true});
}

TEST_CASE("offload plan: a device that verifies in part verifies nothing for us", "[ethdev]") {
    const uint64_t missing = GENERATE(RTE_ETH_RX_OFFLOAD_IPV4_CKSUM, RTE_ETH_RX_OFFLOAD_TCP_CKSUM,
                                      RTE_ETH_RX_OFFLOAD_UDP_CKSUM);
    rte_eth_dev_info device = able("net_ena");
    device.rx_offload_capa &= ~missing;
    CHECK(plan(device, port()).rx == 0);
    CHECK_FALSE(plan(device, port()).verifies_checksums);
}

TEST_CASE("offload plan: virtio is not told to verify", "[ethdev]") {
    CHECK(plan(able("net_virtio"), port()).rx == 0);
    CHECK(plan(able("net_virtio_user"), port()).rx == 0);
}

TEST_CASE("offload plan: tags are the device's work where there are tags", "[ethdev]") {
    const OffloadPlan offloads = plan(able("net_ixgbe"), port({0, 10}));
    CHECK(offloads.rx == (kChecksums | kTags));
    CHECK(offloads.tx == (RTE_ETH_TX_OFFLOAD_MULTI_SEGS | RTE_ETH_TX_OFFLOAD_VLAN_INSERT));
    CHECK(offloads.inserts_tags);
    CHECK(offloads.filters_tags);

    rte_eth_dev_info strips_alone = able("net_strips");
    strips_alone.rx_offload_capa = RTE_ETH_RX_OFFLOAD_VLAN_STRIP;
    strips_alone.tx_offload_capa = 0;
    CHECK(plan(strips_alone, port({10})).rx == RTE_ETH_RX_OFFLOAD_VLAN_STRIP);
    CHECK_FALSE(plan(strips_alone, port({10})).filters_tags);
    CHECK_FALSE(plan(strips_alone, port({10})).inserts_tags);
}

TEST_CASE("offload plan: large frames may come in chains, usual ones do not", "[ethdev]") {
    CHECK(plan(able("net_igb"), port({0}, 9000)).rx == (kChecksums | RTE_ETH_RX_OFFLOAD_SCATTER));
    CHECK(plan(able("net_igb"), port({0}, 9000)).mtu == 9000);
    CHECK(plan(able("net_igb"), port({0}, 1500)).rx == kChecksums);
}

TEST_CASE("offload plan: an MTU that a device cannot have is refused by its limit", "[ethdev]") {
    const auto message = [](uint32_t mtu) {
        const auto offloads = plan_offloads(able("net_virtio"), port({0}, mtu));
        return offloads ? std::string() : offloads.error().message;
    };
    CHECK(message(9001) == "--wan pci:0000:03:00.0: --mtu 9001: this NIC takes 9000 at most");
    CHECK(message(60) == "--wan pci:0000:03:00.0: --mtu 60: this NIC takes 68 at least");
    CHECK(message(9000).empty());
    CHECK(message(68).empty());
}

}  // namespace offload_plan_test
