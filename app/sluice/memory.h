// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Memory: how much sluice needs, whether the machine has it, and what to do where it has not.

#include "base/result.h"
#include "config/config.h"
#include "ethdev/packet_pool.h"
#include "ethdev/port_plan.h"
#include "sluice/cgroup.h"

#include <cstddef>
#include <optional>
#include <span>

namespace sluice::app {

/// The pool that serves the ports and `config`'s workers, but for its NUMA node.
ethdev::PacketPoolParams plan_packets(std::span<const ethdev::PortPlan> ports,
                                      const config::Config& config, bool is_preempted);

struct MemoryNeed {
    size_t eal_mb = 0;        ///< For EAL: packets, routes, next hops, drivers.
    size_t eal_least_mb = 0;  ///< What these take.
    size_t table_bytes = 0;   ///< For the flow table, beside EAL's.
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
};
FreeMemory read_free_memory();

/// An error when --memory is too little for any ports whatsoever.
Status check_memory_flag(const config::Config& config);

/// An error when `need` is not met, with the size needed and how to get it.
Status check_memory(const config::Config& config, const MemoryNeed& need, const FreeMemory& free);

}  // namespace sluice::app
