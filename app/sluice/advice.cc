// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/advice.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <map>
#include <set>
#include <string_view>

namespace sluice::app {
namespace {

using std::string;
using std::filesystem::path;

/// The first word of a file of /sys; empty where there is none.
string read_word(const path& file) {
    string word;
    std::ifstream(file) >> word;
    return word;
}

/// "1,3,5-7" as the kernel writes it.
std::set<unsigned> read_cpus(const path& file) {
    std::set<unsigned> cpus;
    const string text = read_word(file);
    const char* at = text.data();
    const char* const end = at + text.size();
    while (at < end) {
        unsigned first = 0;
        at = std::from_chars(at, end, first).ptr;
        unsigned last = first;
        if (at < end && *at == '-')
            at = std::from_chars(at + 1, end, last).ptr;
        for (unsigned cpu = first; cpu <= last; ++cpu)
            cpus.insert(cpu);
        if (at < end && *at != ',')
            break;
        ++at;
    }
    return cpus;
}

/// The kernel links a CPU's node into its directory: node0.
int node_of(const path& cpu) {
    constexpr int kMostNodes = 64;
    for (int node = 0; node < kMostNodes; ++node)
        if (std::filesystem::exists(cpu / ("node" + std::to_string(node))))
            return node;
    return -1;
}

string list(const std::vector<unsigned>& cpus) {
    string text;
    for (const unsigned cpu : cpus)
        text += (text.empty() ? "" : ",") + std::to_string(cpu);
    return text;
}

/// "CPU 3" or "CPUs 3,4"; nothing for none.
string named(const std::set<unsigned>& cpus) {
    if (cpus.empty())
        return {};
    return (cpus.size() == 1 ? "CPU " : "CPUs ") + list({cpus.begin(), cpus.end()});
}

/// As named(): those of the workers' for which something holds, each once.
template <typename Predicate>
string seats(const Machine& machine, Predicate holds) {
    std::set<unsigned> found;
    for (const Seat& seat : machine.workers)
        if (holds(seat))
            found.insert(seat.cpu);
    return named(found);
}

string about_pages(const Machine& machine) {
    if (!machine.no_huge && machine.huge_pages != 0)
        return {};
    return string(machine.no_huge ? "--no-huge" : "there are no hugepages") +
           ": flows lie in ordinary pages, which takes up to three times as long to look them up "
           "where there are many; `sluice-host-setup --hugepages 1024` reserves hugepages; leave "
           "--no-huge out then";
}

string about_governor(const Machine& machine) {
    const string cpus = seats(machine, [](const Seat& seat) {
        return !seat.governor.empty() && seat.governor != "performance";
    });
    if (cpus.empty())
        return {};
    return "the frequency governor of " + cpus +
           " is not \"performance\": `cpupower frequency-set -g performance` keeps the clock up";
}

string about_isolation(const Machine& machine) {
    const string cpus = seats(machine, [](const Seat& seat) { return !seat.isolated; });
    if (cpus.empty())
        return {};
    return "workers on " + cpus +
           " share the CPU with whatever the kernel puts there: isolcpus= or a cpuset keeps "
           "others off";
}

string about_sharing(const Machine& machine) {
    std::set<unsigned> seen;
    string cpus;
    for (const Seat& seat : machine.workers)
        if (!seen.insert(seat.cpu).second)
            cpus = std::to_string(seat.cpu);
    if (cpus.empty())
        return {};
    return "several workers share CPU " + cpus + ": as many --workers as CPUs are faster";
}

constexpr const char* kShowCores = "`lscpu --extended=CPU,CORE,NODE` shows the cores";

string about_siblings(const Machine& machine) {
    std::map<int, std::set<unsigned>> cores;
    for (const Seat& seat : machine.workers)
        if (seat.core >= 0)
            cores[seat.core].insert(seat.cpu);
    string together;
    for (const auto& [core, cpus] : cores)
        if (cpus.size() > 1)
            together += (together.empty() ? "on " : " and on ") + named(cpus);
    if (together.empty())
        return {};
    return "workers " + together +
           " are hyper-threads of one core and slow each other down: choose --worker-cores of "
           "different cores, or fewer --workers; " +
           kShowCores;
}

string about_control(const Machine& machine) {
    const Seat& control = machine.control;
    const string cpus = seats(machine, [&](const Seat& seat) {
        return seat.core >= 0 && seat.core == control.core && seat.cpu != control.cpu;
    });
    if (cpus.empty())
        return {};
    return "the control core on CPU " + std::to_string(control.cpu) + " and the worker on " + cpus +
           " are hyper-threads of one core, and what the control core does slows the worker down: "
           "choose another --control-core; " +
           kShowCores;
}

/// Even where the quota is what workers take, the control core and lists take some of it.
string about_quota(const Machine& machine) {
    std::set<unsigned> cpus;
    for (const Seat& seat : machine.workers)
        cpus.insert(seat.cpu);
    if (!machine.is_busy || !machine.cpu_limit ||
        machine.cpu_limit->cpus > static_cast<double>(cpus.size()))
        return {};
    char quota[32];
    std::snprintf(quota, sizeof quota, "%.3g", machine.cpu_limit->cpus);
    const string count = std::to_string(cpus.size());
    return "workers that poll (--idle busy) use " + count + (cpus.size() == 1 ? " CPU" : " CPUs") +
           " all the time, and the control group " + machine.cpu_limit->group + " has a quota of " +
           quota +
           ": they stand still when it is used up; raise it (CPUQuota= of a unit, --cpus of a "
           "container) or `" +
           machine.cpu_limit->lift + "`, or --idle sleep";
}

string about_node(const Machine& machine, const PortSeat& port) {
    if (port.numa_node < 0)
        return {};
    const string cpus = seats(machine, [&](const Seat& seat) {
        return seat.numa_node >= 0 && seat.numa_node != port.numa_node;
    });
    if (cpus.empty())
        return {};
    return "--" + port.flag + ' ' + port.name + " is on NUMA node " +
           std::to_string(port.numa_node) + ", the workers on " + cpus +
           " are not: choose --worker-cores on that node";
}

string about_queues(const Machine& machine, const PortSeat& port) {
    if (port.rx_queues >= machine.workers.size())
        return {};
    return "--" + port.flag + ' ' + port.name + " has no RSS over all workers: it receives on " +
           std::to_string(port.rx_queues) + (port.rx_queues == 1 ? " queue" : " queues") +
           ", and packets are handed from worker to worker; a NIC with " +
           std::to_string(machine.workers.size()) + " queues, or fewer --workers, saves that";
}

string about_software(const PortSeat& port) {
    string work;
    const auto add = [&work](bool is_left, const char* what) {
        if (is_left)
            work += (work.empty() ? "" : ", ") + string(what);
    };
    add(port.software.checksums, "the checksums of what arrives");
    add(port.software.tags, "VLAN tags");
    add(port.software.joining, "the joining of frames that lie in several buffers");
    if (work.empty())
        return {};
    return "--" + port.flag + ' ' + port.name +
           " does not do all that NICs can: left to software: " + work;
}

}  // namespace

Machine read_machine(const path& root, const CorePlan& cores) {
    const path cpus = root / "sys/devices/system/cpu";
    std::set<unsigned> isolated = read_cpus(cpus / "isolated");
    isolated.merge(read_cpus(root / "sys/fs/cgroup/cpuset.cpus.isolated"));

    Machine machine;
    for (const char* size : {"hugepages-2048kB", "hugepages-1048576kB"}) {
        size_t pages = 0;
        std::ifstream(root / "sys/kernel/mm/hugepages" / size / "nr_hugepages") >> pages;
        machine.huge_pages += pages;
    }
    const auto seat = [&](unsigned cpu) {
        const path directory = cpus / ("cpu" + std::to_string(cpu));
        const std::set<unsigned> threads = read_cpus(directory / "topology/thread_siblings_list");
        return Seat{.cpu = cpu,
                    .governor = read_word(directory / "cpufreq/scaling_governor"),
                    .isolated = isolated.contains(cpu),
                    .numa_node = node_of(directory),
                    .core = threads.empty() ? -1 : static_cast<int>(*threads.begin())};
    };
    machine.control = seat(cores.control);
    machine.is_busy = cores.idle == config::Idle::Busy;
    machine.cpu_limit = cpu_limit(root);
    for (const unsigned cpu : cores.workers)
        machine.workers.push_back(seat(cpu));
    return machine;
}

std::vector<string> advise(const Machine& machine) {
    std::vector<string> advice{about_pages(machine),     about_governor(machine),
                               about_isolation(machine), about_sharing(machine),
                               about_siblings(machine),  about_control(machine),
                               about_quota(machine)};
    for (const PortSeat& port : machine.ports) {
        advice.push_back(about_node(machine, port));
        advice.push_back(about_queues(machine, port));
        advice.push_back(about_software(port));
    }
    std::erase(advice, string());
    return advice;
}

}  // namespace sluice::app
