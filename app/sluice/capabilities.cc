// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/capabilities.h"

#include "ethdev/nic_driver.h"
#include "io/port_name.h"

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <linux/capability.h>
#include <string>
#include <system_error>
#include <vector>

namespace sluice::app {
namespace {

struct Capability {
    unsigned number;
    const char* name;
};

constexpr Capability kLinks{CAP_NET_ADMIN, "cap_net_admin"};
constexpr Capability kRawSockets{CAP_NET_RAW, "cap_net_raw"};
constexpr Capability kPrograms{CAP_BPF, "cap_bpf"};
constexpr Capability kPhysicalAddresses{CAP_SYS_ADMIN, "cap_sys_admin"};
constexpr Capability kFilesOfRoot{CAP_DAC_OVERRIDE, "cap_dac_override"};

/// What a port is opened with, beside the raw socket that its plan has tried already. NICs behind
/// vfio-pci want files instead.
std::vector<Capability> needed_by(const io::PortName& port, const std::filesystem::path& root) {
    switch (port.kind) {
        case io::PortKind::AfXdp:
            return {kRawSockets, kLinks, kPrograms};
        case io::PortKind::Tap:
            return {kLinks};
        case io::PortKind::Pci:
            if (ethdev::is_uio(ethdev::kernel_driver(root, port.device)))
                return {kPhysicalAddresses, kFilesOfRoot};
            return {};
        default:
            return {};
    }
}

/// This program, for setcap(8).
std::string executable(const std::filesystem::path& root) {
    std::error_code error;
    const std::string file = std::filesystem::read_symlink(root / "proc/self/exe", error);
    return file.empty() ? "/usr/sbin/sluice" : file;
}

}  // namespace

bool has_capability(const std::filesystem::path& root, unsigned capability) {
    std::ifstream status(root / "proc/self/status");
    for (std::string line; std::getline(status, line);) {
        const std::string name = "CapEff:";
        if (!line.starts_with(name))
            continue;
        const uint64_t held = std::strtoull(line.c_str() + name.size(), nullptr, 16);
        return (held >> capability & 1) != 0;
    }
    return true;
}

Status check_capabilities(const ethdev::PortPlan& port, const std::filesystem::path& root) {
    std::string all;
    std::string missing;
    for (const auto& [number, name] : needed_by(port.name, root)) {
        all += (all.empty() ? "" : ",") + std::string(name);
        // CAP_SYS_ADMIN is CAP_BPF, too.
        if (has_capability(root, number) ||
            (number == CAP_BPF && has_capability(root, CAP_SYS_ADMIN)))
            continue;
        missing += (missing.empty() ? "" : ", ") + std::string(name);
    }
    if (missing.empty())
        return Done{};
    return port.error(
        "this process lacks what opens such a port (" + missing +
        "): start it as root, with AmbientCapabilities= of a unit, or after `setcap " + all +
        "+ep " + executable(root) + '`');
}

}  // namespace sluice::app
