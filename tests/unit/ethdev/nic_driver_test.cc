// SPDX-License-Identifier: BSD-3-Clause
#include "ethdev/nic_driver.h"

#include "catch.h"
#include "sluice/tree.h"

#include <string>

namespace nic_driver_test {

using namespace sluice::ethdev;
using sluice::app::Tree;

namespace {

const std::string kNic = "0000:03:00.0";

/// What is said of the NIC where `driver` has it; none where that is empty.
std::string why(const std::string& driver, bool with_iommu) {
    Tree tree;
    tree.directory(with_iommu ? "sys/kernel/iommu_groups/7" : "sys/kernel/iommu_groups");
    if (!driver.empty())
        tree.link("sys/bus/pci/devices/" + kNic + "/driver", "../drivers/" + driver);
    return why_not_free(tree.root(), kNic);
}

}  // namespace

TEST_CASE("nic driver: a NIC that DPDK can have is nothing to speak of", "[ethdev]") {
    CHECK(why("vfio-pci", true).empty());
    for (const char* driver : {"uio_pci_generic", "igb_uio", "mlx5_core", "mlx4_core"}) {
        CHECK(why(driver, true).empty());
        CHECK(why(driver, false).empty());
    }
}

TEST_CASE("nic driver: behind an IOMMU a NIC is given to DPDK by a command", "[ethdev]") {
    CHECK(why("", true) == "no driver has it; `sluice-host-setup 0000:03:00.0` gives it to DPDK");
    CHECK(why("ixgbe", true) ==
          "the kernel's driver ixgbe has it; `sluice-host-setup 0000:03:00.0` gives it to DPDK");
}

TEST_CASE("nic driver: without an IOMMU that is said, and what does without", "[ethdev]") {
    const std::string cure =
        " has it, and there is no IOMMU; switch it on in the firmware and with intel_iommu=on on "
        "the kernel's command line, or `sluice-host-setup --no-iommu 0000:03:00.0` gives it to "
        "DPDK without one";
    CHECK(why("", false) == "no driver" + cure);
    CHECK(why("e1000e", false) == "the kernel's driver e1000e" + cure);
    CHECK(why("vfio-pci", false) == "vfio-pci" + cure);
}

}  // namespace nic_driver_test
