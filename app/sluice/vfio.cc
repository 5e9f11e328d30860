// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/vfio.h"

#include "base/descriptor.h"
#include "base/memory.h"
#include "ethdev/nic_driver.h"
#include "io/port_name.h"
#include "sluice/capabilities.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <linux/capability.h>
#include <sstream>
#include <system_error>
#include <unistd.h>

namespace sluice::app {
namespace {

namespace fs = std::filesystem;
using std::string;

/// How much this process may lock; nothing where there is no limit.
std::optional<size_t> lock_limit(const fs::path& root) {
    std::ifstream limits(root / "proc/self/limits");
    const string name = "Max locked memory";
    for (string line; std::getline(limits, line);) {
        size_t bytes = 0;
        if (line.starts_with(name) && std::istringstream(line.substr(name.size())) >> bytes)
            return bytes;
    }
    return std::nullopt;
}

/// The group of a port whose device is behind vfio-pci.
std::optional<VfioGroup> group_of(const fs::path& root, const ethdev::PortPlan& port) {
    if (port.name.kind != io::PortKind::Pci)
        return std::nullopt;
    return vfio_group(root, port.name.device);
}

/// What is in the way of opening `file`, and what helps.
string why_closed(const string& file, const VfioGroup& group, int reason) {
    switch (reason) {
        case ENOENT:
            return file + " is not there; `modprobe vfio-pci` makes it, and --device " + file +
                   " of a container takes it in";
        case EACCES:
            return file + " is not this user's; `chown " + std::to_string(geteuid()) + ' ' + file +
                   "` makes it so, and the package's 60-sluice-vfio.rules at each boot";
        case EPERM:
            if (!group.has_iommu)
                return file + " may not be opened without CAP_SYS_RAWIO; start sluice as root";
            return file +
                   " is not for this control group; DeviceAllow=char-vfio rw of a unit and " +
                   "--device " + file + " of a container let it have it";
        default:
            return file + " cannot be opened: " + std::strerror(reason);
    }
}

}  // namespace

std::optional<VfioGroup> vfio_group(const fs::path& root, const string& device) {
    if (ethdev::kernel_driver(root, device) != "vfio-pci")
        return std::nullopt;
    std::error_code error;
    const fs::path link = root / "sys/bus/pci/devices" / device / "iommu_group";
    const string number = fs::read_symlink(link, error).filename().string();
    if (number.empty())
        return std::nullopt;
    const string without = "/dev/vfio/noiommu-" + number;
    if (fs::exists(root / without.substr(1), error))
        return VfioGroup{without, false};
    return VfioGroup{"/dev/vfio/" + number, true};
}

Status check_vfio_files(const ethdev::PortPlan& port, const fs::path& root) {
    const std::optional<VfioGroup> group = group_of(root, port);
    if (!group)
        return Done{};
    for (const string& file : {string("/dev/vfio/vfio"), group->file}) {
        const Descriptor opened(
            open((root / file.substr(1)).c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK));
        const int reason = errno;
        // A process that ends gives its group back late, but before EAL asks for it.
        if (opened || reason == EBUSY)
            continue;
        // A kernel may have files of devices in the place of groups, which a later DPDK may use.
        std::error_code error;
        if (reason == ENOENT && fs::exists(root / "dev/vfio/devices", error))
            continue;
        return port.error(why_closed(file, *group, reason));
    }
    return Done{};
}

Status check_locked_memory(const ethdev::PortPlan& port, size_t bytes, const fs::path& root) {
    const std::optional<VfioGroup> group = group_of(root, port);
    const std::optional<size_t> most = lock_limit(root);
    if (!group || !group->has_iommu || !most || bytes <= *most ||
        has_capability(root, CAP_IPC_LOCK))
        return Done{};
    return port.error("vfio locks " + megabytes(bytes) + " for it, and this process may lock " +
                      std::to_string(*most / 1024) +
                      " KB (RLIMIT_MEMLOCK; it has no CAP_IPC_LOCK): `ulimit -l unlimited` in the "
                      "shell that starts it, LimitMEMLOCK=infinity of a unit or --ulimit "
                      "memlock=-1 of a container lifts that");
}

}  // namespace sluice::app
