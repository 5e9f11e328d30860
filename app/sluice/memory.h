// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Memory: how much sluice needs, whether the machine has it, and what to do where it has not.
///
/// Source   How EAL chooses among sizes of pages: eal_dynmem_calc_num_pages_per_socket().

#include "base/result.h"
#include "config/config.h"
#include "ethdev/packet_pool.h"
#include "ethdev/port_plan.h"
#include "sluice/cgroup.h"

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace sluice::app {

/// The pool that serves the ports and `config`'s workers, but for its NUMA node.
ethdev::PacketPoolParams plan_packets(std::span<const ethdev::PortPlan> ports,
                                      const config::Config& config, bool is_preempted);

struct MemoryNeed {
    size_t eal_mb = 0;                ///< For EAL: packets, routes, next hops, drivers.
    size_t eal_least_mb = 0;          ///< What these take.
    std::vector<size_t> tables = {};  ///< For each table beside EAL's, a mapping of its own.
    size_t heap_bytes = 0;            ///< Of ordinary memory, whatever the tables lie in.

    size_t table_bytes() const;
};

/// `config` says how many flows, and overrides EAL's part with --memory. There is a pool on each
/// of `numa_nodes`.
MemoryNeed plan_memory(const config::Config& config, const ethdev::PacketPoolParams& packets,
                       unsigned numa_nodes);

/// On how many NUMA nodes the ports are; at least 1.
unsigned count_numa_nodes(std::span<const ethdev::PortPlan> ports);

/// What the machine could give now.
struct FreeMemory {
    size_t huge_bytes = 0;      ///< In free hugepages of 2 MB.
    size_t ordinary_bytes = 0;  ///< MemAvailable.
    std::optional<CgroupLimit> huge_limit = {};
    std::optional<CgroupLimit> ordinary_limit = {};
    size_t gigabyte_pages = 0;  ///< Free hugepages of 1 GB.
    std::optional<CgroupLimit> gigabyte_limit = {};
};

FreeMemory read_free_memory();

/// What a start takes of the hugepages.
struct HugepageUse {
    size_t small_bytes = 0;     ///< Of pages of 2 MB.
    size_t gigabyte_pages = 0;  ///< Pages of 1 GB: whoever takes some shares none.

    bool operator==(const HugepageUse&) const = default;
};

/// Which pages EAL and the tables take where there are so many; nothing where they do not suffice.
std::optional<HugepageUse> use_hugepages(const MemoryNeed& need, const FreeMemory& free);

/// What EAL maps at its start, of pages of which it takes whole ones: all that drivers see.
size_t eal_bytes(const config::Config& config, const MemoryNeed& need, const FreeMemory& free);

/// An error when --memory is too little for any ports whatsoever.
Status check_memory_flag(const config::Config& config);

/// An error when `need` is not met, with the size needed and how to get it.
Status check_memory(const config::Config& config, const MemoryNeed& need, const FreeMemory& free);

}  // namespace sluice::app
