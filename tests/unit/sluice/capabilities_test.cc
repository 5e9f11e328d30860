// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/capabilities.h"

#include "catch.h"
#include "testing/has.h"
#include "tree.h"

#include <linux/capability.h>
#include <string>

namespace capabilities_test {

using namespace sluice;
using namespace sluice::app;
using sluice::testing::has;

namespace {

ethdev::PortPlan port(io::PortKind kind) {
    ethdev::PortPlan plan;
    plan.flag = "lan";
    plan.name.kind = kind;
    plan.name.text = "that";
    return plan;
}

/// Of a process with these, as the kernel writes them.
std::string complaint(const std::string& effective, io::PortKind kind) {
    Tree tree;
    tree.file("proc/self/status", "CapPrm:\tffffffffffffffff\nCapEff:\t" + effective)
        .link("proc/self/exe", "/opt/sluice");
    const Status status = check_capabilities(port(kind), tree.root());
    return status ? "" : status.error().message;
}

}  // namespace

TEST_CASE("capabilities: those in effect are read, and unknown ones are had", "[sluice]") {
    Tree tree;
    CHECK(has_capability(tree.root(), CAP_NET_RAW));
    tree.file("proc/self/status", "CapPrm:\tffffffffffffffff\nCapEff:\t0000008000002000");
    CHECK(has_capability(tree.root(), CAP_NET_RAW));
    CHECK(has_capability(tree.root(), CAP_BPF));
    CHECK_FALSE(has_capability(tree.root(), CAP_NET_ADMIN));
    CHECK_FALSE(has_capability(tree.root(), CAP_IPC_LOCK));
}

TEST_CASE("capabilities: a port names what it lacks, and the command", "[sluice]") {
    CHECK(complaint("0000000000001000", io::PortKind::Tap).empty());
    const std::string tap = complaint("0000000000002000", io::PortKind::Tap);
    CHECK(has(tap, "--lan that: this process lacks what opens such a port (cap_net_admin)"));
    CHECK(has(tap, "`setcap cap_net_admin+ep /opt/sluice`"));
    CHECK(complaint("0000000000000000", io::PortKind::Pci).empty());
}

TEST_CASE("capabilities: XDP needs CAP_BPF, or what it was before", "[sluice]") {
    const std::string xdp = complaint("0000000000002000", io::PortKind::AfXdp);
    CHECK(has(xdp, "(cap_net_admin, cap_bpf)"));
    CHECK(has(xdp, "`setcap cap_net_raw,cap_net_admin,cap_bpf+ep /opt/sluice`"));
    CHECK(complaint("0000008000003000", io::PortKind::AfXdp).empty());
    CHECK(complaint("0000000000203000", io::PortKind::AfXdp).empty());
}

TEST_CASE("capabilities: uio leaves a NIC with physical addresses, in files of root's",
          "[sluice]") {
    Tree tree;
    tree.file("proc/self/status", "CapEff:\t0000000000003000")
        .link("sys/bus/pci/devices/0000:03:00.0/driver", "../drivers/uio_pci_generic")
        .link("sys/bus/pci/devices/0000:04:00.0/driver", "../drivers/vfio-pci");
    ethdev::PortPlan nic = port(io::PortKind::Pci);
    nic.name.device = "0000:03:00.0";
    const Status status = check_capabilities(nic, tree.root());
    REQUIRE_FALSE(status.ok());
    CHECK(has(status.error().message, "(cap_sys_admin, cap_dac_override)"));
    nic.name.device = "0000:04:00.0";
    CHECK(check_capabilities(nic, tree.root()).ok());
}

}  // namespace capabilities_test
