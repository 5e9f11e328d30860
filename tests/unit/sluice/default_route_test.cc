// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/default_route.h"

#include "catch.h"
#include "port_plan_of.h"
#include "tree.h"

namespace default_route_test {

using namespace sluice;
using namespace sluice::app;

namespace {

constexpr const char* kNic = "0000:03:00.0";
constexpr const char* kHeadings =
    "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n";
constexpr const char* kByEth0 = "eth0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0";

ethdev::PortPlan pci_plan() {
    ethdev::PortPlan plan = port_plan_of(io::PortKind::Pci, "");
    plan.name.device = kNic;
    return plan;
}

}  // namespace

TEST_CASE("default route: the one with the least metric counts", "[sluice]") {
    Tree tree;
    CHECK_FALSE(default_route_interface(tree.root()));
    tree.file("proc/net/route", std::string(kHeadings) +
                                    "eth0\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
                                    "eth1\t00000000\t0101A8C0\t0003\t0\t0\t200\t00000000\t0\t0\t0\n"
                                    "eth2\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"
                                    "eth3\t00000000\t0101A8C0\t0002\t0\t0\t50\t00000000\t0\t0\t0");
    CHECK(default_route_interface(tree.root()) == "eth2");
}

TEST_CASE("default route: a port on its interface is refused, by its name", "[sluice]") {
    Tree tree;
    tree.file("proc/net/route", std::string(kHeadings) + kByEth0);
    for (const io::PortKind kind :
         {io::PortKind::AfPacket, io::PortKind::AfXdp, io::PortKind::Vdev}) {
        const Status status = check_default_route(port_plan_of(kind, "eth0"), tree.root());
        REQUIRE_FALSE(status.ok());
        CHECK(status.error().message.starts_with(
            "--lan af_packet:eth0: eth0 carries this machine's default route"));
        CHECK(check_default_route(port_plan_of(kind, "eth1"), tree.root()).ok());
    }
    CHECK(check_default_route(port_plan_of(io::PortKind::Tap, "eth0"), tree.root()).ok());
}

TEST_CASE("default route: by a VLAN the machine is cut off where the port takes that VLAN",
          "[sluice]") {
    Tree tree;
    tree.file("proc/net/route", std::string(kHeadings) +
                                    "mgmt\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0");
    tree.file("proc/net/vlan/config",
              "VLAN Dev name\t | VLAN ID\nName-Type: VLAN_NAME_TYPE_RAW_PLUS_VID_NO_PAD\n"
              "other          | 5  | eth0\nmgmt           | 7  | eth0\n");
    const auto is_fine = [&](const char* interface, std::vector<uint16_t> vlans) {
        ethdev::PortPlan plan = port_plan_of(io::PortKind::AfPacket, interface);
        plan.vlans = std::move(vlans);
        return check_default_route(plan, tree.root()).ok();
    };
    CHECK_FALSE(is_fine("eth0", {5, 7}));
    CHECK(is_fine("eth0", {0, 5}));
    CHECK(is_fine("eth1", {7}));
    CHECK_FALSE(is_fine("mgmt", {0}));
    CHECK(is_fine("mgmt", {100}));  // a tag within the tag
}

TEST_CASE("default route: an interface that only lends its tags stays reachable", "[sluice]") {
    Tree tree;
    tree.file("proc/net/route", std::string(kHeadings) + kByEth0);
    ethdev::PortPlan plan = port_plan_of(io::PortKind::AfPacket, "eth0");
    plan.vlans = {10, 20};
    CHECK(check_default_route(plan, tree.root()).ok());
    plan.vlans = {10, 0};
    CHECK_FALSE(check_default_route(plan, tree.root()).ok());
}

TEST_CASE("default route: a NIC that the kernel drives by it is refused, a shared one is not",
          "[sluice]") {
    const std::string device = std::string("sys/bus/pci/devices/") + kNic;
    for (const auto& [driver, is_fine] : {std::pair{"ixgbe", false}, {"mlx5_core", true}}) {
        Tree tree;
        tree.file("proc/net/route", std::string(kHeadings) + kByEth0)
            .link(device + "/driver", std::string("../drivers/") + driver)
            .link("sys/class/net/eth0/device", "../../../bus/pci/devices/" + std::string(kNic));
        CHECK(check_default_route(pci_plan(), tree.root()).ok() == is_fine);
    }
}

TEST_CASE("default route: virtio's interface is one step below its PCI device", "[sluice]") {
    Tree tree;
    tree.file("proc/net/route", std::string(kHeadings) + kByEth0)
        .link(std::string("sys/bus/pci/devices/") + kNic + "/driver", "../drivers/virtio-pci")
        .directory(std::string("sys/bus/pci/devices/") + kNic + "/virtio0")
        .link("sys/class/net/eth0/device",
              "../../../bus/pci/devices/" + std::string(kNic) + "/virtio0");
    CHECK_FALSE(check_default_route(pci_plan(), tree.root()).ok());
}

}  // namespace default_route_test
