// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Virtio access: whether a virtio device that vfio-pci has goes through the IOMMU to memory.
///
/// Shape    One that does not reads and writes physical addresses, while vfio's are the IOMMU's: it
///          answers nothing, and its driver waits for its answers without end. So it is asked
///          before the driver is there.
/// Errors   What cannot be opened or read (somebody else has the device) is Unknown.
/// Cost     Opens the device and closes it again, which resets it.
/// Source   Virtio 1.2 §4.1.4 (capabilities, common configuration), §6.1 (feature 33,
///          VIRTIO_F_ACCESS_PLATFORM); Documentation/driver-api/vfio.rst.

#include "ethdev/port_plan.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace sluice::ethdev {

enum class VirtioAccess : uint8_t {
    Unknown,  ///< Or no virtio device, or no IOMMU.
    Iommu,
    Physical,  ///< It could go through the IOMMU, had it been told so.
    Legacy,    ///< Virtio 0.9, which knows of no IOMMU.
};

/// Where a device has its common configuration.
struct VirtioPlace {
    uint8_t bar = 0;
    uint32_t offset = 0;

    bool operator==(const VirtioPlace&) const = default;
};

/// From the 256 bytes of a PCI configuration; nothing where the device is a legacy one.
std::optional<VirtioPlace> find_virtio(std::span<const uint8_t, 256> config);

/// Of the PCI device "0000:00:03.0".
VirtioAccess virtio_access(const std::string& device);

/// An error where the device and vfio's IOMMU do not go together. `eal` is what EAL is told beside
/// all else: as root it can do with physical addresses.
Status check_virtio(const PortPlan& port, VirtioAccess access, std::span<const std::string> eal);

}  // namespace sluice::ethdev
