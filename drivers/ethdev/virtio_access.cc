// SPDX-License-Identifier: BSD-3-Clause
#include "ethdev/virtio_access.h"

#include "base/descriptor.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace sluice::ethdev {
namespace {

namespace fs = std::filesystem;

constexpr unsigned kVirtioVendor = 0x1af4;
constexpr uint8_t kCommonConfig = 1;  // VIRTIO_PCI_CAP_COMMON_CFG
constexpr uint32_t kAccessPlatform = 1U << (33 - 32);

/// What has been opened of a device, in the order in which it is to be closed.
struct Opened {
    Descriptor container;
    Descriptor group;
    Descriptor device;
};

uint32_t read_word(const uint8_t* at) {
    uint32_t word = 0;
    std::memcpy(&word, at, sizeof word);  // PCI's order is little-endian, as that of x86 and Arm
    return word;
}

std::string last_of_link(const fs::path& link) {
    std::error_code error;
    return fs::read_symlink(link, error).filename().string();
}

bool is_virtio(const fs::path& place) {
    unsigned vendor = 0;
    std::ifstream(place / "vendor") >> std::hex >> vendor;
    return vendor == kVirtioVendor;
}

std::optional<Opened> open_device(const std::string& device, const std::string& group) {
    Opened opened;
    opened.container = Descriptor(open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC));
    opened.group = Descriptor(open(("/dev/vfio/" + group).c_str(), O_RDWR | O_CLOEXEC));
    const int container = opened.container.get();
    if (!opened.container || !opened.group ||
        ioctl(opened.group.get(), VFIO_GROUP_SET_CONTAINER, &container) != 0 ||
        ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1_IOMMU) != 0)
        return std::nullopt;
    opened.device = Descriptor(ioctl(opened.group.get(), VFIO_GROUP_GET_DEVICE_FD, device.c_str()));
    if (!opened.device)
        return std::nullopt;
    return opened;
}

/// Where a part of the device is in its descriptor.
std::optional<off_t> region_of(const Descriptor& device, unsigned index) {
    vfio_region_info info{};
    info.argsz = sizeof info;
    info.index = index;
    if (ioctl(device.get(), VFIO_DEVICE_GET_REGION_INFO, &info) != 0)
        return std::nullopt;
    return static_cast<off_t>(info.offset);
}

/// The features from 32 on that the device offers.
std::optional<uint32_t> read_features(const Descriptor& device, off_t config, VirtioPlace place) {
    const std::optional<off_t> bar = region_of(device, VFIO_PCI_BAR0_REGION_INDEX + place.bar);
    uint16_t command = 0;
    if (!bar || pread(device.get(), &command, sizeof command, config + PCI_COMMAND) < 0)
        return std::nullopt;
    command |= PCI_COMMAND_MEMORY;
    const uint32_t select = 1;
    uint32_t features = 0;
    const off_t at = *bar + static_cast<off_t>(place.offset);
    if (pwrite(device.get(), &command, sizeof command, config + PCI_COMMAND) < 0 ||
        pwrite(device.get(), &select, sizeof select, at) != sizeof select ||
        pread(device.get(), &features, sizeof features, at + sizeof select) != sizeof features)
        return std::nullopt;
    return features;
}

bool has_physical_addresses(std::span<const std::string> eal) {
    const auto option = std::find(eal.begin(), eal.end(), "--iova-mode");
    const bool is_apart = option != eal.end() && option + 1 != eal.end() && *(option + 1) == "pa";
    return is_apart || std::find(eal.begin(), eal.end(), "--iova-mode=pa") != eal.end();
}

}  // namespace

std::optional<VirtioPlace> find_virtio(std::span<const uint8_t, 256> config) {
    constexpr unsigned kVirtioBytes = 16;
    constexpr unsigned kBars = 6;
    constexpr unsigned kMost = 48;  // that there is room for: a list may run in a circle
    unsigned at = config[PCI_CAPABILITY_LIST];
    for (unsigned seen = 0; at != 0 && at + 2 <= config.size() && seen < kMost; ++seen) {
        const uint8_t* capability = &config[at];
        const bool is_whole = at + kVirtioBytes <= config.size();
        if (capability[PCI_CAP_LIST_ID] == PCI_CAP_ID_VNDR && is_whole &&
            capability[3] == kCommonConfig && capability[4] < kBars)
            return VirtioPlace{capability[4], read_word(capability + 8)};
        at = capability[PCI_CAP_LIST_NEXT];
    }
    return std::nullopt;
}

VirtioAccess virtio_access(const std::string& device) {
    const fs::path place = "/sys/bus/pci/devices/" + device;
    const std::string group = last_of_link(place / "iommu_group");
    if (!is_virtio(place) || last_of_link(place / "driver") != "vfio-pci" || group.empty())
        return VirtioAccess::Unknown;
    const std::optional<Opened> opened = open_device(device, group);
    if (!opened)
        return VirtioAccess::Unknown;
    const auto config = region_of(opened->device, VFIO_PCI_CONFIG_REGION_INDEX);
    std::array<uint8_t, 256> bytes{};
    if (!config || pread(opened->device.get(), bytes.data(), bytes.size(), *config) !=
                       static_cast<ssize_t>(bytes.size()))
        return VirtioAccess::Unknown;
    const std::optional<VirtioPlace> common = find_virtio(bytes);
    if (!common)
        return VirtioAccess::Legacy;
    const std::optional<uint32_t> features = read_features(opened->device, *config, *common);
    if (!features)
        return VirtioAccess::Unknown;
    return (*features & kAccessPlatform) != 0 ? VirtioAccess::Iommu : VirtioAccess::Physical;
}

Status check_virtio(const PortPlan& port, VirtioAccess access, std::span<const std::string> eal) {
    if (access == VirtioAccess::Legacy)
        return port.error(
            "it is a virtio device of before 1.0 (legacy), which goes past the IOMMU: nothing "
            "would "
            "pass; QEMU makes it a device of 1.0 by disable-legacy=on,iommu_platform=on. --force "
            "takes it all the same");
    if (access != VirtioAccess::Physical || has_physical_addresses(eal))
        return Done{};
    return port.error(
        "it is a virtio device that goes past the IOMMU: nothing would pass; QEMU's "
        "iommu_platform=on (libvirt: <driver iommu='on'/>) leads it through, and root can do "
        "without by `-- --iova-mode=pa`. --force takes it all the same");
}

}  // namespace sluice::ethdev
