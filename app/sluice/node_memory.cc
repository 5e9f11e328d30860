// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/node_memory.h"

#include "base/memory.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>

namespace sluice::app {
namespace {

namespace fs = std::filesystem;
using std::string;

constexpr size_t kSmallPage = size_t{2} << 20;
constexpr size_t kLargePage = size_t{1} << 30;
constexpr const char* kNodes = "sys/devices/system/node";
constexpr const char* kSmallPages = "hugepages/hugepages-2048kB";
constexpr const char* kLargePages = "hugepages/hugepages-1048576kB";

size_t read_count(const fs::path& file) {
    size_t count = 0;
    std::ifstream(file) >> count;
    return count;
}

string node_name(int node) {
    return "node" + std::to_string(node);
}

/// "on node 0 512 of 2 MB and 0 of 1 GB, on node 1 ...".
string free_by_node(const std::vector<NodePages>& nodes) {
    string text;
    for (const NodePages& pages : nodes)
        text += (text.empty() ? "on node " : ", on node ") + std::to_string(pages.node) + ' ' +
                std::to_string(pages.small) + " of 2 MB and " + std::to_string(pages.gigabytes) +
                " of 1 GB";
    return text;
}

}  // namespace

std::vector<NodePages> read_node_pages(const fs::path& root) {
    std::vector<NodePages> nodes;
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator(root / kNodes, error)) {
        const string name = entry.path().filename().string();
        const std::string_view prefix = "node";
        const char* const end = name.data() + name.size();
        int node = 0;
        if (!name.starts_with(prefix) ||
            std::from_chars(name.data() + prefix.size(), end, node).ptr != end)
            continue;
        nodes.push_back({node, read_count(entry.path() / kSmallPages / "free_hugepages"),
                         read_count(entry.path() / kLargePages / "free_hugepages")});
    }
    std::sort(nodes.begin(), nodes.end(),
              [](const NodePages& a, const NodePages& b) { return a.node < b.node; });
    return nodes;
}

Status check_node_memory(const config::Config& config, const MemoryNeed& need,
                         const ethdev::PacketPoolParams& packets,
                         std::span<const ethdev::PortPlan> ports, const fs::path& root) {
    if (config.no_huge)
        return Done{};
    const std::vector<NodePages> nodes = read_node_pages(root);
    for (const ethdev::PortPlan& port : ports) {
        const auto pages = std::find_if(nodes.begin(), nodes.end(), [&](const NodePages& some) {
            return some.node == port.numa_node;
        });
        if (pages == nodes.end())
            continue;
        // What frames alone take: who refuses a start is to be sure that it would fail.
        const size_t frames = size_t{packets.count} * packets.frame_bytes;
        const bool has_flows = port.numa_node == ports.front().numa_node;
        const size_t least = frames + (has_flows ? need.table_bytes() : 0);
        const size_t free_bytes = pages->small * kSmallPage + pages->gigabytes * kLargePage;
        if (least <= free_bytes)
            continue;
        const fs::path file =
            fs::path(kNodes) / node_name(pages->node) / kSmallPages / "nr_hugepages";
        const size_t missing = (least - free_bytes + kSmallPage - 1) / kSmallPage;
        return port.error("it is on NUMA node " + std::to_string(pages->node) + ", where " +
                          (has_flows ? "packets and flows" : "packets") + " need " +
                          megabytes(least) + " of hugepages at least, and free are " +
                          free_by_node(nodes) + "; `echo " +
                          std::to_string(read_count(root / file) + missing) + " > /" +
                          file.string() + "` reserves them there");
    }
    return Done{};
}

}  // namespace sluice::app
