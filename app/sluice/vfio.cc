// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/vfio.h"

#include "base/memory.h"
#include "io/port_name.h"
#include "sluice/capabilities.h"
#include "sluice/default_route.h"

#include <fstream>
#include <linux/capability.h>
#include <sstream>
#include <system_error>

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

}  // namespace

std::optional<VfioGroup> vfio_group(const fs::path& root, const string& device) {
    if (kernel_driver(root, device) != "vfio-pci")
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
