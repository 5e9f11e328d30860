// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Advice: what of the machine costs speed, and what to do about it.
///
/// Shape    read_machine() looks, advise() judges: a pure function.
/// Errors   What the kernel does not tell (a virtual machine has no governors) is nothing to say.
/// Source   Documentation/admin-guide/kernel-parameters.txt (isolcpus), Documentation/ABI of
///          /sys/devices/system/cpu and /sys/kernel/mm/hugepages;
///          Documentation/admin-guide/cputopology.rst (thread_siblings_list).

#include "io/device.h"
#include "sluice/cgroup.h"
#include "sluice/cores.h"

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace sluice::app {

/// The CPU of a worker, or of the control core.
struct Seat {
    unsigned cpu = 0;
    std::string governor;   ///< Empty where the kernel does not scale its frequency.
    bool isolated = false;  ///< The scheduler puts nothing else on it by itself.
    int numa_node = -1;
    int core = -1;  ///< The first CPU of its core; another where it is a hyper-thread of that.
};

/// A port as it was opened.
struct PortSeat {
    std::string flag;    ///< "lan" or "wan".
    std::string name;    ///< As the operator wrote it.
    int numa_node = -1;  ///< -1 where it does not matter.
    unsigned rx_queues = 1;
    io::SoftwareWork software = {};
};

struct Machine {
    bool no_huge = false;   ///< The operator does without hugepages.
    size_t huge_pages = 0;  ///< Of 2 MB and of 1 GB, in all.
    std::vector<Seat> workers;
    Seat control;
    bool is_busy = false;  ///< Workers without packets poll on.
    std::optional<CpuLimit> cpu_limit;
    std::vector<PortSeat> ports;
};

/// Looks at the machine below `root`, which is "/" but in tests. Ports and --no-huge are the
/// caller's to fill in.
Machine read_machine(const std::filesystem::path& root, const CorePlan& cores);

/// One sentence for each thing that costs speed; none where all is well.
std::vector<std::string> advise(const Machine& machine);

}  // namespace sluice::app
