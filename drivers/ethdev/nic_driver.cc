// SPDX-License-Identifier: BSD-3-Clause
#include "ethdev/nic_driver.h"

#include <system_error>

namespace sluice::ethdev {
namespace {

namespace fs = std::filesystem;

/// The kernel has a group here for each device that it can give to vfio.
bool has_iommu(const fs::path& root) {
    std::error_code error;
    return fs::directory_iterator(root / "sys/kernel/iommu_groups", error) !=
           fs::directory_iterator();
}

}  // namespace

std::string kernel_driver(const fs::path& root, const std::string& device) {
    std::error_code error;
    return fs::read_symlink(root / "sys/bus/pci/devices" / device / "driver", error)
        .filename()
        .string();
}

bool is_shared_with_kernel(const std::string& driver) {
    return driver == "mlx5_core" || driver == "mlx4_core";
}

bool is_uio(const std::string& driver) {
    return driver == "uio_pci_generic" || driver == "igb_uio";
}

std::string why_not_free(const fs::path& root, const std::string& device) {
    const std::string driver = kernel_driver(root, device);
    const bool is_bound = driver == "vfio-pci";
    if (is_shared_with_kernel(driver) || is_uio(driver) || (is_bound && has_iommu(root)))
        return {};
    const std::string holder = is_bound         ? driver + " has it"
                               : driver.empty() ? "no driver has it"
                                                : "the kernel's driver " + driver + " has it";
    if (has_iommu(root))
        return holder + "; `sluice-host-setup " + device + "` gives it to DPDK";
    return holder +
           ", and there is no IOMMU; switch it on in the firmware and with intel_iommu=on on the "
           "kernel's command line, or `sluice-host-setup --no-iommu " +
           device + "` gives it to DPDK without one";
}

}  // namespace sluice::ethdev
