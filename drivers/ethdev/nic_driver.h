// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// NIC driver: which of the kernel's drivers has a PCI device, and whether DPDK can have it then.
///
/// Errors   What cannot be read is not there.
/// Source   Linux, Documentation/driver-api/vfio.rst and uio-howto.rst: vfio-pci takes a device
///          behind an IOMMU alone, unless the kernel has CONFIG_VFIO_NOIOMMU; uio_pci_generic needs
///          none. DPDK's Linux guide, "Linux Drivers".

#include <filesystem>
#include <string>

namespace sluice::ethdev {

/// The name of the driver that has `device`, "0000:03:00.0"; empty where none has it. `root` is "/"
/// but in tests.
std::string kernel_driver(const std::filesystem::path& root, const std::string& device);

/// Such a driver keeps the device, and lets DPDK use it, too.
bool is_shared_with_kernel(const std::string& driver);

/// Such a driver tells a process of the device's memory and interrupts, and of no IOMMU.
bool is_uio(const std::string& driver);

/// Why DPDK cannot have `device`, with the command that gives it to DPDK; empty where it can.
std::string why_not_free(const std::filesystem::path& root, const std::string& device);

}  // namespace sluice::ethdev
