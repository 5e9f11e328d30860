// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Node memory: whether there are hugepages on the NUMA nodes on which they have to be: packets lie
/// on the node of their port, flows on that of the first.
///
/// Errors   One sentence, with what is free by node and size. What cannot be read is nothing to
///          say.
/// Source   /sys/devices/system/node/node*/hugepages: Linux,
///          Documentation/admin-guide/mm/hugetlbpage.rst.

#include "base/result.h"
#include "config/config.h"
#include "ethdev/packet_pool.h"
#include "ethdev/port_plan.h"
#include "sluice/memory.h"

#include <cstddef>
#include <filesystem>
#include <span>
#include <vector>

namespace sluice::app {

/// Free hugepages of a node.
struct NodePages {
    int node = 0;
    size_t small = 0;      ///< Of 2 MB.
    size_t gigabytes = 0;  ///< Of 1 GB.

    bool operator==(const NodePages&) const = default;
};

/// By node. `root` is "/" but in tests.
std::vector<NodePages> read_node_pages(const std::filesystem::path& root);

/// An error where a port's node has less than what must lie there, whatever else does: to reserve
/// hugepages for the machine as a whole spreads them over all nodes. Needs `packets` for each node.
Status check_node_memory(const config::Config& config, const MemoryNeed& need,
                         const ethdev::PacketPoolParams& packets,
                         std::span<const ethdev::PortPlan> ports,
                         const std::filesystem::path& root);

}  // namespace sluice::app
