// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/check.h"

#include "ethdev/nic_driver.h"
#include "ethdev/port_plan.h"
#include "io/port_name.h"
#include "sluice/advice.h"
#include "sluice/capabilities.h"
#include "sluice/cores.h"
#include "sluice/default_route.h"
#include "sluice/folders.h"
#include "sluice/kernel_addresses.h"
#include "sluice/login.h"
#include "sluice/memory.h"
#include "sluice/node_memory.h"
#include "sluice/platform.h"
#include "sluice/ports.h"
#include "sluice/vfio.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

namespace sluice::app {
namespace {

namespace fs = std::filesystem;
using std::string;

void add_error(std::vector<Finding>& findings, const Status& status) {
    if (!status)
        findings.push_back({Finding::Kind::Problem, status.error().message});
}

const char* name_of(Finding::Kind kind) {
    return kind == Finding::Kind::Problem ? "problem" : "speed";
}

/// The ports that could be planned.
std::vector<ethdev::PortPlan> check_ports(const config::Config& config,
                                          std::vector<Finding>& findings) {
    std::vector<ethdev::PortPlan> ports;
    const std::optional<Be32> login = read_login("/");
    const std::vector<KernelAddress> held = read_kernel_addresses();
    for (const config::SharedPort& shared : config::ports_of(config)) {
        Result<ethdev::PortPlan> port = plan_port_of(shared, config);
        if (!port) {
            findings.push_back({Finding::Kind::Problem, port.error().message});
            continue;
        }
        if ((*port).name.kind == io::PortKind::Pci)
            for (Finding& finding : check_nic("/", (*port).name.device, (*port).label()))
                findings.push_back(std::move(finding));
        if (!config.force) {
            const Status route = check_default_route(*port, "/");
            add_error(findings, route ? check_login(*port, login, held, "/") : route);
            add_error(findings, check_access(*port, config));
        }
        add_error(findings, check_forwarding(*port));
        add_error(findings, check_capabilities(*port, "/"));
        add_error(findings, check_vfio_files(*port, "/"));
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

std::vector<Finding> check_nic(const fs::path& root, const string& device, const string& subject) {
    const string why = ethdev::why_not_free(root, device);
    if (why.empty())
        return {};
    return {{Finding::Kind::Problem, subject + ": " + why}};
}

std::vector<Finding> check_machine(const config::Config& config) {
    std::vector<Finding> findings;
    const CorePlan cores = plan_cores(config, allowed_cpus());
    const std::vector<ethdev::PortPlan> ports = check_ports(config, findings);
    for (const Error& error : check_folders(config))
        add_error(findings, error);
    add_error(findings, check_kernel_addresses(config, read_kernel_addresses()));
    const auto packets = plan_packets(ports, config, cores.is_shared());
    const MemoryNeed need = plan_memory(config, packets, count_numa_nodes(ports));
    const FreeMemory free = read_free_memory();
    const Status memory = check_memory(config, need, free);
    add_error(findings, memory ? check_node_memory(config, need, packets, ports, "/") : memory);
    for (const ethdev::PortPlan& port : ports)
        add_error(findings, check_locked_memory(port, eal_bytes(config, need, free), "/"));

    Machine machine = read_machine("/", cores);
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
