// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/advice.h"

#include "catch.h"
#include "sluice/check.h"
#include "testing/has.h"
#include "tree.h"

#include <utility>
#include <vector>

namespace advice_test {

using namespace sluice::app;
using sluice::testing::has;

namespace {

/// A machine that nothing is to be said about.
Machine good() {
    Machine machine;
    machine.huge_pages = 512;
    machine.workers = {{1, "performance", true, 0, 1}, {2, "performance", true, 0, 2}};
    machine.control = {0, "powersave", false, 0, 0};
    machine.ports = {{"lan", "pci:0000:03:00.0", 0, 2}, {"wan", "pci:0000:03:00.1", 0, 2}};
    return machine;
}

std::string only_advice(const Machine& machine) {
    const auto advice = advise(machine);
    REQUIRE(advice.size() == 1);
    CHECK(advice[0].find('\n') == std::string::npos);
    return advice[0];
}

/// What `sluice check --json` gives programs to run.
std::string command_in(const std::string& advice) {
    return Finding{Finding::Kind::Speed, advice}.command();
}

CorePlan plan(unsigned control, std::vector<unsigned> workers) {
    return {control, std::move(workers), {}, sluice::config::Idle::Busy};
}

}  // namespace

TEST_CASE("advice: a machine that is well set up hears nothing", "[sluice]") {
    CHECK(advise(good()).empty());
}

TEST_CASE("advice: the machine is read from the kernel's files", "[sluice]") {
    Tree tree;
    tree.file("sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "1024")
        .file("proc/self/cgroup", "0::/a")
        .file("sys/fs/cgroup/a/cpu.max", "150000 100000")
        .file("sys/devices/system/cpu/isolated", "2,4-6")
        .file("sys/devices/system/cpu/cpu1/cpufreq/scaling_governor", "powersave")
        .file("sys/devices/system/cpu/cpu5/cpufreq/scaling_governor", "performance")
        .file("sys/devices/system/cpu/cpu1/topology/thread_siblings_list", "1,5")
        .file("sys/devices/system/cpu/cpu2/topology/thread_siblings_list", "2-3")
        .file("sys/devices/system/cpu/cpu5/topology/thread_siblings_list", "1,5")
        .directory("sys/devices/system/cpu/cpu1/node0")
        .directory("sys/devices/system/cpu/cpu5/node1");
    const Machine machine = read_machine(tree.root(), plan(2, {1, 5}));
    CHECK(machine.huge_pages == 1024);
    REQUIRE(machine.workers.size() == 2);
    CHECK(machine.workers[0].governor == "powersave");
    CHECK_FALSE(machine.workers[0].isolated);
    CHECK(machine.workers[0].numa_node == 0);
    CHECK(machine.workers[1].governor == "performance");
    CHECK(machine.workers[1].isolated);
    CHECK(machine.workers[1].numa_node == 1);
    CHECK(machine.workers[0].core == 1);
    CHECK(machine.workers[1].core == 1);
    CHECK(machine.control.cpu == 2);
    CHECK(machine.control.core == 2);
    CHECK(machine.is_busy);
    CHECK(machine.cpu_limit->cpus == 1.5);
}

TEST_CASE("advice: hugepages of 1 GB alone are hugepages", "[sluice]") {
    Tree tree;
    tree.file("sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "0")
        .file("sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages", "8");
    CHECK(read_machine(tree.root(), plan(0, {})).huge_pages == 8);
}

TEST_CASE("advice: a cpuset that isolates counts as the boot parameter does", "[sluice]") {
    Tree tree;
    tree.file("sys/fs/cgroup/cpuset.cpus.isolated", "3");
    CHECK(read_machine(tree.root(), plan(0, {3})).workers[0].isolated);
}

TEST_CASE("advice: what the kernel does not tell is nothing to say", "[sluice]") {
    Tree tree;
    Machine machine = read_machine(tree.root(), plan(1, {0}));
    CHECK(machine.workers[0].governor.empty());
    CHECK(machine.workers[0].numa_node == -1);
    CHECK(machine.workers[0].core == -1);
    machine.huge_pages = 1;
    machine.workers[0].isolated = true;
    machine.ports = {{"lan", "af_packet:eth0", -1, 1}};
    CHECK(advise(machine).empty());
}

TEST_CASE("advice: doing without hugepages costs speed", "[sluice]") {
    Machine machine = good();
    machine.huge_pages = 0;
    CHECK(has(only_advice(machine), "there are no hugepages"));
    machine.huge_pages = 512;
    machine.no_huge = true;
    CHECK(has(only_advice(machine), "--no-huge"));
    CHECK(command_in(only_advice(machine)) == "sluice-host-setup --hugepages 1024");
}

TEST_CASE("advice: a governor that saves power costs speed", "[sluice]") {
    Machine machine = good();
    machine.workers[1].governor = "powersave";
    CHECK(has(only_advice(machine), "governor of CPU 2 "));
    machine.workers[0].governor = "schedutil";
    CHECK(has(only_advice(machine), "governor of CPUs 1,2 "));
    CHECK(command_in(only_advice(machine)) == "cpupower frequency-set -g performance");
}

TEST_CASE("advice: a worker's CPU that others use costs speed", "[sluice]") {
    Machine machine = good();
    machine.workers[0].isolated = false;
    CHECK(has(only_advice(machine), "workers on CPU 1 share"));
}

TEST_CASE("advice: two workers on one CPU cost speed", "[sluice]") {
    Machine machine = good();
    machine.workers[1].cpu = 1;
    CHECK(has(only_advice(machine), "several workers share CPU 1"));
}

TEST_CASE("advice: two workers on the hyper-threads of one core cost speed", "[sluice]") {
    Machine machine = good();
    machine.workers[1].core = 1;
    CHECK(has(only_advice(machine), "workers on CPUs 1,2 are hyper-threads of one core"));
    machine.ports.clear();
    machine.workers.push_back({3, "performance", true, 0, 3});
    machine.workers.push_back({7, "performance", true, 0, 3});
    CHECK(has(only_advice(machine), "workers on CPUs 1,2 and on CPUs 3,7 are hyper-threads"));
}

TEST_CASE("advice: workers that share a CPU are not said to share its core too", "[sluice]") {
    Machine machine = good();
    machine.workers[1] = machine.workers[0];
    CHECK(has(only_advice(machine), "several workers share CPU 1"));
}

TEST_CASE("advice: a worker on the control core's other hyper-thread costs speed", "[sluice]") {
    Machine machine = good();
    machine.workers[1].core = 0;
    CHECK(has(only_advice(machine), "the control core on CPU 0 and the worker on CPU 2 are "));
    machine.workers[1].cpu = 0;  // that is another matter
    CHECK(advise(machine).empty());
}

TEST_CASE("advice: a quota that polling workers use up costs speed", "[sluice]") {
    Machine machine = good();
    machine.is_busy = true;
    CHECK(advise(machine).empty());
    machine.cpu_limit = CpuLimit{"/pod", 2.5, "echo max > file"};
    CHECK(advise(machine).empty());
    machine.cpu_limit->cpus = 1.5;
    const std::string advice = only_advice(machine);
    CHECK(has(advice, "use 2 CPUs all the time"));
    CHECK(has(advice, "the control group /pod has a quota of 1.5:"));
    CHECK(has(advice, "`echo max > file`"));
    machine.cpu_limit->cpus = 2;  // nothing is left for the control core
    CHECK(has(only_advice(machine), "a quota of 2:"));
    machine.is_busy = false;
    CHECK(advise(machine).empty());
}

TEST_CASE("advice: a port on another NUMA node costs speed", "[sluice]") {
    Machine machine = good();
    machine.ports[1].numa_node = 1;
    const std::string advice = only_advice(machine);
    CHECK(has(advice, "--wan pci:0000:03:00.1 is on NUMA node 1"));
    CHECK(has(advice, "CPUs 1,2"));
}

TEST_CASE("advice: a port with fewer queues than workers costs speed", "[sluice]") {
    Machine machine = good();
    machine.ports[0].rx_queues = 1;
    const std::string advice = only_advice(machine);
    CHECK(has(advice, "--lan pci:0000:03:00.0 has no RSS"));
    CHECK(has(advice, "on 1 queue,"));
}

TEST_CASE("advice: what a NIC leaves to software is one line", "[sluice]") {
    Machine machine = good();
    machine.ports[1].software = {.checksums = true};
    CHECK(only_advice(machine) ==
          "--wan pci:0000:03:00.1 does not do all that NICs can: left to "
          "software: the checksums of what arrives");
    machine.ports[1].software = {true, true, true};
    CHECK(has(only_advice(machine), "the checksums of what arrives, VLAN tags, the joining of "));
}

}  // namespace advice_test
