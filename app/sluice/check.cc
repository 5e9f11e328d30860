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
#include "sluice/proof.h"
#include "sluice/vfio.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

namespace sluice::app {
namespace {

namespace fs = std::filesystem;
using std::string;

void add_error(std::vector<Finding>& findings, const Status& status) {
    if (!status)
        findings.push_back({Finding::Kind::Problem, status.error().message});
}

const char* name_of(Finding::Kind kind) {
    switch (kind) {
        case Finding::Kind::Problem:
            return "problem";
        case Finding::Kind::Note:
            return "note";
        case Finding::Kind::Speed:
            break;
    }
    return "speed";
}

/// A number of an interface; 0 where it is not there.
int read_index(const fs::path& interface, const char* name) {
    int index = 0;
    std::ifstream(interface / name) >> index;
    return index;
}

/// The interface at the other end; empty where there is none in this network namespace.
string peer_of(const fs::path& interfaces, const string& name) {
    const int own = read_index(interfaces / name, "ifindex");
    const int other = read_index(interfaces / name, "iflink");
    std::error_code error;
    for (const fs::directory_entry& each : fs::directory_iterator(interfaces, error))
        if (own != other && read_index(each.path(), "ifindex") == other &&
            read_index(each.path(), "iflink") == own)
            return each.path().filename();
    return {};
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
        for (Finding& finding : check_peer("/", *port))
            findings.push_back(std::move(finding));
        ports.push_back(std::move(*port));
    }
    return ports;
}

void check_pair(const config::Config& config, std::vector<Finding>& findings) {
    const auto ending = check_proof(config);
    if (!ending) {
        findings.push_back({Finding::Kind::Problem, ending.error().message});
        return;
    }
    for (const string& sentence : ending.value())
        findings.push_back({Finding::Kind::Note, sentence});
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

std::vector<Finding> check_peer(const fs::path& root, const ethdev::PortPlan& port) {
    using enum io::PortKind;
    const string& name = port.name.interface;
    const fs::path interfaces = root / "sys/class/net";
    // af_packet's takes what others leave unfinished, and a tap's kernel leaves nothing so.
    const bool takes_wire_alone =
        !name.empty() && port.name.kind != AfPacket && port.name.kind != Tap;
    if (!takes_wire_alone || fs::exists(interfaces / name / "device"))
        return {};
    const string peer = peer_of(interfaces, name);
    const string settings = "tx off tso off gso off";
    return {{Finding::Kind::Note,
             port.label() + ": " + name +
                 " is no NIC; a peer on this machine leaves checksums and large frames "
                 "unfinished, which are dropped as transport_checksum and truncated, until " +
                 (peer.empty() ? "ethtool -K sets " + settings + " there"
                               : "`ethtool -K " + peer + ' ' + settings + '`') +
                 "; af_packet:" + name + " takes them"}};
}

std::vector<Finding> check_machine(const config::Config& config) {
    std::vector<Finding> findings;
    const CorePlan cores = plan_cores(config, allowed_cpus());
    const std::vector<ethdev::PortPlan> ports = check_ports(config, findings);
    for (const Error& error : check_folders(config))
        add_error(findings, error);
    check_pair(config, findings);
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
