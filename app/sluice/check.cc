// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/check.h"

#include "ethdev/port_plan.h"
#include "io/port_name.h"
#include "sluice/advice.h"
#include "sluice/cores.h"
#include "sluice/kernel_addresses.h"
#include "sluice/memory.h"
#include "sluice/platform.h"

#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string_view>

namespace sluice::app {
namespace {

namespace fs = std::filesystem;
using std::string;

void add_error(std::vector<Finding>& findings, const Status& status) {
    if (!status)
        findings.push_back({Finding::Kind::Problem, status.error().message});
}

bool has_no_entry(const fs::path& directory) {
    std::error_code error;
    return fs::directory_iterator(directory, error) == fs::directory_iterator();
}

const char* name_of(Finding::Kind kind) {
    return kind == Finding::Kind::Problem ? "problem" : "speed";
}

/// Who came by this interface has no way back once sluice has it.
void check_route(const ethdev::PortPlan& port, std::vector<Finding>& findings) {
    const bool is_taken =
        port.name.kind == io::PortKind::AfPacket || port.name.kind == io::PortKind::AfXdp;
    if (is_taken && default_route_interface("/") == port.name.interface)
        findings.push_back({Finding::Kind::Problem,
                            port.label() +
                                ": it carries this machine's default route, and who is logged in "
                                "by it is cut off; choose another one, or come by another way and "
                                "`ip route delete default dev " +
                                port.name.interface + "`"});
}

/// The ports that could be planned.
std::vector<ethdev::PortPlan> check_ports(const config::Config& config,
                                          std::vector<Finding>& findings) {
    std::vector<ethdev::PortPlan> ports;
    for (const auto& [flag, text] : {std::pair{"lan", config.lan}, std::pair{"wan", config.wan}}) {
        Result<ethdev::PortPlan> port = plan_port_of(flag, text, config);
        if (!port) {
            findings.push_back({Finding::Kind::Problem, port.error().message});
            continue;
        }
        if ((*port).name.kind == io::PortKind::Pci)
            for (Finding& finding : check_nic("/", (*port).name.device, (*port).label()))
                findings.push_back(std::move(finding));
        check_route(*port, findings);
        ports.push_back(std::move(*port));
    }
    return ports;
}

}  // namespace

string Finding::command() const {
    const size_t begin = text.find('`');
    const size_t end = begin == string::npos ? begin : text.find('`', begin + 1);
    return end == string::npos ? "" : text.substr(begin + 1, end - begin - 1);
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

std::vector<Finding> check_nic(const fs::path& root, const string& device, const string& subject) {
    const fs::path nic = root / "sys/bus/pci/devices" / device;
    const string bind = "`dpdk-devbind.py -b vfio-pci " + device + '`';
    std::error_code error;
    const string driver = fs::read_symlink(nic / "driver", error).filename().string();
    std::vector<Finding> findings;
    const auto problem = [&](const string& text) {
        findings.push_back({Finding::Kind::Problem, subject + ": " + text});
    };
    if (driver == "mlx5_core" || driver == "mlx4_core")
        return findings;  // which DPDK shares with the kernel
    if (driver.empty())
        problem("no driver has it; " + bind + " gives it to DPDK");
    else if (driver == "vfio-pci" && has_no_entry(root / "sys/kernel/iommu_groups"))
        problem(
            "vfio-pci has it and there is no IOMMU; switch it on in the firmware and with "
            "intel_iommu=on on the kernel's command line, or "
            "`echo 1 > /sys/module/vfio/parameters/enable_unsafe_noiommu_mode`");
    else if (driver != "vfio-pci" && driver != "uio_pci_generic" && driver != "igb_uio")
        problem("the kernel's driver " + driver + " has it; " + bind + " gives it to DPDK");
    const auto route = default_route_interface(root);
    if (route && fs::exists(nic / "net" / *route))
        problem("it is " + *route +
                ", which carries this machine's default route: who is logged in by it is cut off");
    return findings;
}

std::vector<Finding> check_machine(const config::Config& config) {
    std::vector<Finding> findings;
    const CorePlan cores = plan_cores(config, allowed_cpus());
    const std::vector<ethdev::PortPlan> ports = check_ports(config, findings);
    add_error(findings, check_kernel_addresses(config, read_kernel_addresses()));
    const auto packets = plan_packets(ports, config, cores.is_shared());
    add_error(findings, check_memory(config, plan_memory(config, packets, count_numa_nodes(ports)),
                                     read_free_memory()));

    Machine machine = read_machine("/", cores.workers);
    machine.no_huge = config.no_huge;
    for (const ethdev::PortPlan& port : ports)  // how many queues it has is known when it is open
        machine.ports.push_back({port.flag, port.name.text, port.numa_node, config.workers});
    for (const string& sentence : advise(machine))
        findings.push_back({Finding::Kind::Speed, sentence});
    return findings;
}

string findings_text(const std::vector<Finding>& findings) {
    string text;
    for (const Finding& finding : findings)
        text += string(name_of(finding.kind)) + ": " + finding.text + '\n';
    return text.empty() ? "nothing is in the way\n" : text;
}

string findings_json(const std::vector<Finding>& findings) {
    nlohmann::json list = nlohmann::json::array();
    for (const Finding& finding : findings)
        list.push_back({{"kind", name_of(finding.kind)},
                        {"text", finding.text},
                        {"command", finding.command()}});
    return list.dump(2) + '\n';
}

}  // namespace sluice::app
