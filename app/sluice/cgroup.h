// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Control groups: how much memory and time of CPUs the kernel lets this process have, whatever the
/// machine has.
///
/// Shape    The limits of the process's own group and of every group above it hold at once; the one
///          with the least room counts. Both hierarchies are read, version 1 and 2.
/// Errors   What cannot be read limits nothing.
/// Source   Linux Documentation/admin-guide/cgroup-v2.rst (memory.max, memory.current, memory.stat,
///          hugetlb.SIZE.max, cpu.max) and cgroup-v1/memory.rst, hugetlb.rst;
///          scheduler/sched-bwc.rst (cpu.cfs_quota_us).

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>

namespace sluice::app {

struct CgroupLimit {
    std::string group;      ///< "/system.slice/sluice.service".
    size_t most_bytes = 0;  ///< What the group may use.
    size_t room_bytes = 0;  ///< What is left of it.
};

/// Of ordinary memory. `root` is "/" but in tests.
std::optional<CgroupLimit> memory_limit(const std::filesystem::path& root);

/// Of hugepages of `size`, as the kernel writes it: "2MB", "1GB".
std::optional<CgroupLimit> hugepage_limit(const std::filesystem::path& root,
                                          const std::string& size);

struct CpuLimit {
    std::string group;
    double cpus = 0;  ///< Of so many CPUs' time. Who has used it stands still till the period ends.
    std::string lift;  ///< The command that takes the limit away.
};

std::optional<CpuLimit> cpu_limit(const std::filesystem::path& root);

}  // namespace sluice::app
