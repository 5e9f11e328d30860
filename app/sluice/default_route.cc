// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/default_route.h"

#include "ethdev/nic_driver.h"
#include "io/port_name.h"

#include <algorithm>
#include <fstream>
#include <limits>
#include <net/if.h>
#include <sstream>
#include <system_error>

namespace sluice::app {
namespace {

namespace fs = std::filesystem;
using std::string;

/// The name that the kernel's files use; an interface may have others.
string first_name(const string& interface) {
    char name[IF_NAMESIZE];
    const unsigned index = if_nametoindex(interface.c_str());
    return index != 0 && if_indextoname(index, name) != nullptr ? name : interface;
}

/// A VLAN of the kernel's.
struct Vlan {
    string interface;  // that it is on
    uint16_t id = 0;
};

/// The one that an interface is; nothing for an interface of another kind.
std::optional<Vlan> vlan_of(const fs::path& root, const string& interface) {
    std::ifstream file(root / "proc/net/vlan/config");
    for (string line; std::getline(file, line);) {
        std::istringstream words(line);
        string name, bar, device;
        uint16_t id = 0;
        words >> name >> bar >> id >> bar >> device;
        if (words && name == interface)
            return Vlan{device, id};
    }
    return std::nullopt;
}

/// The interface's device is that of PCI or, as with virtio, one further down.
bool is_of_device(const fs::path& root, const string& interface, const string& device) {
    std::error_code error;
    const fs::path path = fs::canonical(root / "sys/class/net" / interface / "device", error);
    return std::find(path.begin(), path.end(), device) != path.end();
}

}  // namespace

bool takes_interface(const ethdev::PortPlan& port, const fs::path& root, const string& interface) {
    if (port.name.kind == io::PortKind::Tap)
        return false;
    if (port.name.kind != io::PortKind::Pci) {
        const string own = first_name(port.name.interface);
        const std::optional<Vlan> vlan = vlan_of(root, interface);
        return (own == interface && port.takes(0)) ||
               (vlan && own == vlan->interface && port.takes(vlan->id));
    }
    return !ethdev::is_shared_with_kernel(ethdev::kernel_driver(root, port.name.device)) &&
           is_of_device(root, interface, port.name.device);
}

std::optional<string> default_route_interface(const fs::path& root) {
    constexpr unsigned long kUp = 0x1;  // RTF_UP
    std::ifstream file(root / "proc/net/route");
    std::optional<string> found;
    unsigned least = std::numeric_limits<unsigned>::max();
    string line;
    std::getline(file, line);  // the headings
    while (std::getline(file, line)) {
        std::istringstream words(line);
        string interface, destination, gateway, mask;
        unsigned long flags = 0;
        unsigned references = 0, uses = 0, metric = 0;
        words >> interface >> destination >> gateway >> std::hex >> flags >> std::dec >>
            references >> uses >> metric >> mask;
        if (!words || destination != "00000000" || mask != "00000000" || (flags & kUp) == 0 ||
            (found && metric >= least))
            continue;
        found = interface;
        least = metric;
    }
    return found;
}

Status check_default_route(const ethdev::PortPlan& port, const fs::path& root) {
    const std::optional<string> interface = default_route_interface(root);
    if (!interface || !takes_interface(port, root, *interface))
        return Done{};
    return port.error(*interface +
                      " carries this machine's default route, and who is logged in by it is cut "
                      "off; choose another one, or come by another way and `ip route delete "
                      "default dev " +
                      *interface + "`, or start with --force");
}

}  // namespace sluice::app
