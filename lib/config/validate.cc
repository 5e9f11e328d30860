// SPDX-License-Identifier: BSD-3-Clause
#include "config/validate.h"

#include "config/addresses.h"
#include "config/ipv6.h"
#include "config/mappings.h"
#include "config/neighbours.h"
#include "config/port_shares.h"
#include "config/ports.h"
#include "config/read.h"
#include "config/read_cluster.h"
#include "config/read_rules.h"
#include "config/read_sync.h"
#include "config/twins.h"
#include "config/uplinks.h"
#include "policy/tunings.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::config {
namespace {

using std::string;
using std::string_view;

bool contains(std::span<const unsigned> cpus, unsigned cpu) {
    return std::find(cpus.begin(), cpus.end(), cpu) != cpus.end();
}

string list(std::span<const unsigned> cpus) {
    string text;
    for (const unsigned cpu : cpus)
        text += (text.empty() ? "" : ",") + std::to_string(cpu);
    return text;
}

Status check_worker_cores(const Config& config, std::span<const unsigned> allowed) {
    const std::vector<unsigned>& cores = config.worker_cores;
    if (cores.empty())
        return Done{};
    if (cores.size() > kMostWorkers)
        return wrong("worker-cores", list(cores),
                     "there can be at most " + std::to_string(kMostWorkers) + " workers");
    if (cores.size() != config.workers)
        return wrong("workers", std::to_string(config.workers),
                     "--worker-cores names " + std::to_string(cores.size()) +
                         "; one of the two flags is enough");
    for (auto core = cores.begin(); core != cores.end(); ++core) {
        if (!contains(allowed, *core))
            return wrong("worker-cores", std::to_string(*core),
                         "this process may run on the CPUs " + list(allowed) + " only");
        if (std::find(cores.begin(), core, *core) != core)
            return wrong("worker-cores", list(cores),
                         "CPU " + std::to_string(*core) + " is there twice");
    }
    return Done{};
}

Status check_cores(const Config& config, std::span<const unsigned> allowed) {
    if (Status status = check_worker_cores(config, allowed); !status || !config.control_core)
        return status;
    const string text = std::to_string(*config.control_core);
    if (!contains(allowed, *config.control_core))
        return wrong("control-core", text,
                     "this process may run on the CPUs " + list(allowed) + " only");
    if (contains(config.worker_cores, *config.control_core))
        return wrong("control-core", text,
                     "it is one of --worker-cores " + list(config.worker_cores));
    return Done{};
}

Status check_control_socket(const Config& config) {
    constexpr size_t kLongest = 107;  // sun_path without its zero
    if (config.control_socket.empty() || config.control_socket.size() > kLongest)
        return wrong("control-socket", config.control_socket,
                     "a path of 1 to 107 characters is wanted");
    if (config.control_socket.front() != '/')
        return wrong("control-socket", config.control_socket, "its path must begin with a slash");
    return Done{};
}

/// What sluice tells EAL itself, and the flag that says it.
struct Owned {
    string_view option;
    string_view instead;
};

constexpr Owned kOwned[] = {
    {"-l", "use --worker-cores and --control-core"},
    {"-c", "use --worker-cores and --control-core"},
    {"--lcores", "use --worker-cores and --control-core"},
    {"--main-lcore", "use --control-core"},
    {"-m", "use --memory"},
    {"--socket-mem", "use --memory"},
    {"--no-huge", "use sluice's own --no-huge"},
    {"--in-memory", "sluice sets it where it can be"},
    {"--no-pci", "sluice sets it where no port is on PCI"},
    {"-a", "name the device as a port, pci:0000:03:00.0"},
    {"--allow", "name the device as a port, pci:0000:03:00.0"},
    {"-b", "only the devices of --lan and --wan are probed"},
    {"--block", "only the devices of --lan and --wan are probed"},
    {"--file-prefix", "every instance has its own"},
    {"--proc-type", "sluice is always a primary process"},
    {"--help", "see the DPDK guide for Linux"},
    {"-h", "see the DPDK guide for Linux"},
    {"--version", "use sluice's own --version"},
    {"-v", "use sluice's own --version"},
};

/// True for "-m", "-m64", "--memory" and "--memory=64", where `option` is -m or --memory.
bool is_option(string_view argument, string_view option) {
    if (!argument.starts_with(option))
        return false;
    const bool is_short = option.size() == 2;
    return is_short || argument.size() == option.size() || argument[option.size()] == '=';
}

Status check_eal(const Config& config) {
    for (const string& argument : config.eal)
        for (const Owned& owned : kOwned)
            if (is_option(argument, owned.option))
                return Error{"-- " + argument + ": this EAL argument is not yours to give; " +
                             string(owned.instead)};
    return Done{};
}

Status check_timeouts(const Config& config) {
    policy::Tunings sets;
    for (const SnatRule& rule : config.snat)
        if (!sets.take({rule.timeouts, rule.logging}))
            return wrong("snat", to_string(rule),
                         "all rules together have " + std::to_string(policy::Tunings::kMost) +
                             " different sets of timeouts and log= already, and no more can be "
                             "told apart");
    return Done{};
}

Status check_doors(const Config& config) {
    pool::Doors doors(hosts::kFirstOwnDoor, hosts::kDoors - 1);
    return number_doors(config, doors, 0);
}

}  // namespace

Status validate(const Config& config, std::span<const unsigned> allowed_cpus) {
    for (const auto check : {check_ipv6, check_ports})
        if (Status status = check(config); !status)
            return status;
    const Networks networks(config);
    for (const auto check : {check_addresses, check_mappings})
        if (Status status = check(config, networks); !status)
            return status;
    for (const auto check :
         {check_neighbours, check_port_shares, check_timeouts, check_doors, check_twins,
          check_uplinks, check_control_socket, check_sync, check_cluster, check_eal})
        if (Status status = check(config); !status)
            return status;
    return check_cores(config, allowed_cpus);
}

}  // namespace sluice::config
