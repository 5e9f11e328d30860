// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/vfio.h"

#include "catch.h"
#include "testing/has.h"
#include "tree.h"

namespace vfio_test {

using namespace sluice;
using namespace sluice::app;
using sluice::testing::has;

namespace {

constexpr size_t kMegabyte = size_t{1} << 20;
constexpr const char* kDevice = "0000:03:00.0";
const std::string kPlace = std::string("sys/bus/pci/devices/") + kDevice;

ethdev::PortPlan port() {
    ethdev::PortPlan plan;
    plan.flag = "wan";
    plan.name.kind = io::PortKind::Pci;
    plan.name.device = kDevice;
    plan.name.text = std::string("pci:") + kDevice;
    return plan;
}

/// A device of group 7 that vfio-pci has, and a process that may lock 8 MB.
void add_device(Tree& tree) {
    tree.link(kPlace + "/driver", "../../../../bus/pci/drivers/vfio-pci")
        .link(kPlace + "/iommu_group", "../../../kernel/iommu_groups/7")
        .file("dev/vfio/vfio", "")
        .file("dev/vfio/7", "")
        .file("proc/self/status",
              "Name:\tsluice\nCapInh:\t00000000ffffffff\nCapEff:\t0000000000003000")
        .file("proc/self/limits",
              "Limit                     Soft Limit           Hard Limit           Units\n"
              "Max processes             10                   10                   processes\n"
              "Max locked memory         8388608              unlimited            bytes");
}

}  // namespace

TEST_CASE("vfio: a device's group is found, with an IOMMU or without", "[sluice]") {
    Tree tree;
    CHECK_FALSE(vfio_group(tree.root(), kDevice));
    add_device(tree);
    CHECK(vfio_group(tree.root(), kDevice)->file == "/dev/vfio/7");
    CHECK(vfio_group(tree.root(), kDevice)->has_iommu);
    tree.file("dev/vfio/noiommu-7", "");
    CHECK(vfio_group(tree.root(), kDevice)->file == "/dev/vfio/noiommu-7");
    CHECK_FALSE(vfio_group(tree.root(), kDevice)->has_iommu);

    Tree kernel;
    kernel.link(kPlace + "/driver", "../drivers/ixgbe").link(kPlace + "/iommu_group", "../7");
    CHECK_FALSE(vfio_group(kernel.root(), kDevice));
}

TEST_CASE("vfio: files that can be opened are nothing to speak of", "[sluice]") {
    Tree tree;
    add_device(tree);
    CHECK(check_vfio_files(port(), tree.root()).ok());
    tree.file("dev/vfio/noiommu-7", "");
    CHECK(check_vfio_files(port(), tree.root()).ok());
    const Tree none;  // vfio-pci has not got the device
    CHECK(check_vfio_files(port(), none.root()).ok());
}

TEST_CASE("vfio: a file that is not there comes with the command", "[sluice]") {
    Tree tree;
    add_device(tree);
    std::filesystem::remove(tree.root() / "dev/vfio/7");
    const Status status = check_vfio_files(port(), tree.root());
    REQUIRE_FALSE(status.ok());
    CHECK(has(status.error().message,
              "--wan pci:0000:03:00.0: /dev/vfio/7 is not there; `modprobe vfio-pci`"));
    tree.directory("dev/vfio/devices");  // the kernel has no groups, or none that is needed
    CHECK(check_vfio_files(port(), tree.root()).ok());
}

TEST_CASE("vfio: a group of another user's comes with the command", "[sluice]") {
    Tree tree;
    add_device(tree);
    tree.mode("", 0755).mode("dev/vfio/vfio", 0666).mode("dev/vfio/7", 0444);
    Status status = Done{};
    {
        const Stranger stranger;
        status = check_vfio_files(port(), tree.root());
    }
    REQUIRE_FALSE(status.ok());
    CHECK(has(status.error().message, "/dev/vfio/7 is not this user's; `chown "));
    tree.mode("dev/vfio/7", 0666);
    const Stranger stranger;
    CHECK(check_vfio_files(port(), tree.root()).ok());
}

TEST_CASE("vfio: what a device is to reach must be lockable", "[sluice]") {
    Tree tree;
    add_device(tree);
    CHECK(check_locked_memory(port(), 8 * kMegabyte, tree.root()).ok());
    const Status status = check_locked_memory(port(), 8 * kMegabyte + 1, tree.root());
    REQUIRE_FALSE(status.ok());
    const std::string& text = status.error().message;
    CHECK(has(text, "--wan pci:0000:03:00.0: vfio locks 9 MB for it"));
    CHECK(has(text, "may lock 8192 KB"));
    CHECK(has(text, "`ulimit -l unlimited`"));
}

TEST_CASE("vfio: no limit, CAP_IPC_LOCK, no IOMMU or another kind of port need no more",
          "[sluice]") {
    constexpr size_t kMuch = 900 * kMegabyte;
    Tree tree;
    add_device(tree);
    CHECK_FALSE(check_locked_memory(port(), kMuch, tree.root()).ok());
    ethdev::PortPlan virtual_port = port();
    virtual_port.name.kind = io::PortKind::AfPacket;
    CHECK(check_locked_memory(virtual_port, kMuch, tree.root()).ok());

    Tree privileged;
    add_device(privileged);
    privileged.file("proc/self/status", "CapEff:\t0000000000004000");
    CHECK(check_locked_memory(port(), kMuch, privileged.root()).ok());

    Tree unlimited;
    add_device(unlimited);
    unlimited.file("proc/self/limits", "Max locked memory         unlimited   unlimited   bytes");
    CHECK(check_locked_memory(port(), kMuch, unlimited.root()).ok());

    tree.file("dev/vfio/noiommu-7", "");
    CHECK(check_locked_memory(port(), kMuch, tree.root()).ok());
}

TEST_CASE("vfio: what the kernel does not tell is nothing to say", "[sluice]") {
    Tree tree;
    tree.link(kPlace + "/driver", "../drivers/vfio-pci").link(kPlace + "/iommu_group", "../7");
    CHECK(check_locked_memory(port(), 900 * kMegabyte, tree.root()).ok());
    tree.file("proc/self/limits", "Max locked memory         8388608   8388608   bytes");
    CHECK(check_locked_memory(port(), 900 * kMegabyte, tree.root()).ok());
}

}  // namespace vfio_test
