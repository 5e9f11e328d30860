// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// VFIO: whether this process may use the PCI devices that vfio-pci has, as their drivers will.
///
/// Errors   One sentence that names the port, and what lets it. What cannot be read is nothing to
///          say.
/// Source   Linux, vfio_pin_pages_remote() of its driver of IOMMUs: pages that a device
///          reaches count against RLIMIT_MEMLOCK, hugepages too, unless who maps them has
///          CAP_IPC_LOCK. vfio_group_fops_open(): without an IOMMU, with CAP_SYS_RAWIO
///          alone. proc(5) for /proc/self/limits.

#include "base/result.h"
#include "ethdev/port_plan.h"

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>

namespace sluice::app {

/// The devices that an IOMMU does not tell apart.
struct VfioGroup {
    std::string file;  ///< "/dev/vfio/7".
    bool has_iommu = true;
};

/// Of a PCI device; nothing where vfio-pci has not got it. `root` is "/" but in tests.
std::optional<VfioGroup> vfio_group(const std::filesystem::path& root, const std::string& device);

/// An error where this process may not open what the port's device is driven by. Opens it and
/// closes it again.
Status check_vfio_files(const ethdev::PortPlan& port, const std::filesystem::path& root);

/// An error where the kernel does not let this process lock `bytes`, which EAL maps for the port.
Status check_locked_memory(const ethdev::PortPlan& port, size_t bytes,
                           const std::filesystem::path& root);

}  // namespace sluice::app
