// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/memory.h"

#include "base/memory.h"
#include "config/ports.h"
#include "gateway/gateway.h"
#include "gateway/sizes.h"
#include "link/note.h"

#include <algorithm>
#include <fstream>
#include <numeric>
#include <set>
#include <string>

namespace sluice::app {
namespace {

constexpr size_t kMegabyte = 1U << 20;
constexpr size_t kHugePageBytes = 2 * kMegabyte;
constexpr size_t kGigabyte = size_t{1} << 30;
constexpr const char* kHugePages = "/sys/kernel/mm/hugepages/hugepages-2048kB/";
constexpr const char* kGigabytePages = "/sys/kernel/mm/hugepages/hugepages-1048576kB/";

/// What a worker has in hand, in its cache and in the rings to others.
constexpr uint32_t kPacketsPerWorker = 4096;
/// What the control core has in its rings and keeps for unresolved neighbours.
constexpr uint32_t kControlPackets = 4096;

/// EAL's own, the drivers', and the tables of next hops and routes.
constexpr size_t kFixedMb = 32;
constexpr size_t kPortMb = 8;
constexpr size_t kPorts = 2;  // at least
/// The program itself, its libraries, its threads and what they write to clients.
constexpr size_t kProgramBytes = 64 * kMegabyte;

size_t divide_up(size_t bytes, size_t unit) {
    return (bytes + unit - 1) / unit;
}

size_t read_number(const std::string& path) {
    size_t value = 0;
    std::ifstream(path) >> value;
    return value;
}

size_t read_available_bytes() {
    std::ifstream file("/proc/meminfo");
    for (std::string name; file >> name;) {
        size_t kilobytes = 0;
        file >> kilobytes;
        if (name == "MemAvailable:")
            return kilobytes * 1024;
        std::getline(file, name);
    }
    return 0;
}

/// "--flows 262144: 150 MB of hugepages are needed (64 for packets and routes, ...)".
std::string sentence(const config::Config& config, const MemoryNeed& need,
                     const std::string& kind) {
    const size_t heap = config.no_huge ? need.heap_bytes : 0;
    const size_t total = need.eal_mb * kMegabyte + need.table_bytes() + heap;
    const std::string more =
        heap == 0 ? std::string() : ", " + megabytes(heap) + " for helpers and sums of hosts";
    return "--flows " + std::to_string(config.flows) + ": " + megabytes(total) + " of " + kind +
           " are needed (" + megabytes(need.table_bytes()) + " for flows, " +
           std::to_string(need.eal_mb) + " MB for packets and routes" + more + ")";
}

/// The kernel ends a process that goes beyond its group's limit, and tells nobody why.
Status check_limit(const std::optional<CgroupLimit>& limit, size_t total,
                   const std::string& needed) {
    if (!limit || total <= limit->room_bytes)
        return Done{};
    return Error{needed + ", and of the " + megabytes(limit->most_bytes) +
                 " that the control group " + limit->group + " may use " +
                 megabytes(limit->room_bytes) +
                 " are left; raise its limit (MemoryMax= of a unit) or choose fewer flows"};
}

Status check_ordinary(const config::Config& config, const MemoryNeed& need,
                      const FreeMemory& free) {
    const size_t total = need.eal_mb * kMegabyte + need.table_bytes() + need.heap_bytes;
    const std::string needed = sentence(config, need, "memory");
    if (Status status = check_limit(free.ordinary_limit, total + kProgramBytes, needed); !status)
        return status;
    if (total <= free.ordinary_bytes)
        return Done{};
    return Error{needed + " and " + megabytes(free.ordinary_bytes) +
                 " are available; choose fewer flows"};
}

/// What is ordinary memory where the tables lie in hugepages.
Status check_heap(const config::Config& config, const MemoryNeed& need, const FreeMemory& free) {
    if (need.heap_bytes == 0)
        return Done{};
    const std::string needed = "--flows " + std::to_string(config.flows) + ": " +
                               megabytes(need.heap_bytes) +
                               " of memory beside hugepages are needed for what --helper knows of "
                               "flows and --accounting sums up of hosts";
    if (Status status = check_limit(free.ordinary_limit, need.heap_bytes + kProgramBytes, needed);
        !status)
        return status;
    if (need.heap_bytes <= free.ordinary_bytes)
        return Done{};
    return Error{needed + " and " + megabytes(free.ordinary_bytes) +
                 " are available; choose fewer flows"};
}

/// "12 MB are free", and what there is of pages of 1 GB.
std::string free_hugepages(const FreeMemory& free) {
    std::string text = megabytes(free.huge_bytes) + " are free";
    if (free.gigabyte_pages != 0)
        text += " in pages of 2 MB, and " + std::to_string(free.gigabyte_pages) +
                " of 1 GB, of which the packets and each table take whole ones";
    return text;
}

Status check_huge(const config::Config& config, const MemoryNeed& need, const FreeMemory& free) {
    const std::string needed = sentence(config, need, "hugepages");
    if (const std::optional<HugepageUse> use = use_hugepages(need, free)) {
        Status status = check_limit(free.huge_limit, use->small_bytes, needed);
        if (status)
            status = check_limit(free.gigabyte_limit, use->gigabyte_pages * kGigabyte, needed);
        return status ? check_heap(config, need, free) : status;
    }
    const size_t total = need.eal_mb * kMegabyte + need.table_bytes();
    const size_t missing = divide_up(total - std::min(total, free.huge_bytes), kHugePageBytes);
    const size_t pages = read_number(std::string(kHugePages) + "nr_hugepages") + missing;
    return Error{needed + " and " + free_hugepages(free) + "; `echo " + std::to_string(pages) +
                 " > " + kHugePages + "nr_hugepages` reserves them, --no-huge does without"};
}

/// EAL takes the largest pages that it fills, and of the rest small ones where there are enough.
bool take_for_eal(size_t bytes, const FreeMemory& free, HugepageUse& use) {
    use.gigabyte_pages = std::min(bytes / kGigabyte, free.gigabyte_pages);
    const size_t rest = bytes - use.gigabyte_pages * kGigabyte;
    if (rest <= free.huge_bytes)
        use.small_bytes = rest;
    else if (use.gigabyte_pages < free.gigabyte_pages)
        ++use.gigabyte_pages;
    else
        return false;
    return true;
}

/// A table lies in small pages, or in large ones where these are short (base/memory.h).
bool take_for_table(size_t bytes, const FreeMemory& free, HugepageUse& use) {
    const size_t pages = divide_up(bytes, kGigabyte);
    if (use.small_bytes + bytes <= free.huge_bytes)
        use.small_bytes += bytes;
    else if (use.gigabyte_pages + pages <= free.gigabyte_pages)
        use.gigabyte_pages += pages;
    else
        return false;
    return true;
}

}  // namespace

size_t MemoryNeed::table_bytes() const {
    return std::accumulate(tables.begin(), tables.end(), size_t{0});
}

std::optional<HugepageUse> use_hugepages(const MemoryNeed& need, const FreeMemory& free) {
    HugepageUse use;
    if (!take_for_eal(need.eal_mb * kMegabyte, free, use))
        return std::nullopt;
    for (const size_t bytes : need.tables)
        if (!take_for_table(bytes, free, use))
            return std::nullopt;
    return use;
}

size_t eal_bytes(const config::Config& config, const MemoryNeed& need, const FreeMemory& free) {
    HugepageUse use;
    if (!config.no_huge && take_for_eal(need.eal_mb * kMegabyte, free, use))
        return use.small_bytes + use.gigabyte_pages * kGigabyte;
    return need.eal_mb * kMegabyte;
}

ethdev::PacketPoolParams plan_packets(std::span<const ethdev::PortPlan> ports,
                                      const config::Config& config, bool is_preempted) {
    ethdev::PacketPoolParams params;
    params.name = "packets";
    // No packet that a worker keeps for a first fragment takes up less than this.
    const uint32_t kept = config.fragments.bytes / fragment::kLeastPacketBytes;
    params.count = kControlPackets + config.workers * (kPacketsPerWorker + kept);
    params.private_bytes = link::kNoteBytes;
    params.is_preempted = is_preempted;
    for (const ethdev::PortPlan& port : ports) {
        params.count += port.max_queues * (uint32_t{port.rx_ring} + port.tx_ring);
        params.frame_bytes = std::max(params.frame_bytes, port.frame_bytes);
    }
    return params;
}

unsigned count_numa_nodes(std::span<const ethdev::PortPlan> ports) {
    std::set<int> nodes;
    for (const ethdev::PortPlan& port : ports)
        if (port.numa_node >= 0)
            nodes.insert(port.numa_node);
    return std::max(1U, static_cast<unsigned>(nodes.size()));
}

MemoryNeed plan_memory(const config::Config& config, const ethdev::PacketPoolParams& packets,
                       unsigned numa_nodes) {
    MemoryNeed need;
    need.eal_mb = kFixedMb + std::max(kPorts, config::ports_of(config).size()) * kPortMb +
                  numa_nodes * divide_up(ethdev::PacketPool::bytes_needed(packets, config.no_huge),
                                         kMegabyte);
    need.eal_mb += need.eal_mb % 2;  // whole hugepages
    need.eal_least_mb = need.eal_mb;
    if (config.memory_mb)
        need.eal_mb = *config.memory_mb;
    const auto tables = gateway::table_bytes(config);
    need.tables.assign(tables.begin(), tables.end());
    need.heap_bytes = gateway::heap_bytes(config);
    return need;
}

FreeMemory read_free_memory() {
    const std::string pages = kHugePages;
    return {read_number(pages + "free_hugepages") * kHugePageBytes,
            read_available_bytes(),
            hugepage_limit("/", "2MB"),
            memory_limit("/"),
            read_number(std::string(kGigabytePages) + "free_hugepages"),
            hugepage_limit("/", "1GB")};
}

Status check_memory_flag(const config::Config& config) {
    constexpr size_t kLeastMb = kFixedMb + kPorts * kPortMb;
    if (!config.memory_mb || *config.memory_mb >= kLeastMb)
        return Done{};
    return Error{"--memory " + std::to_string(*config.memory_mb) + ": no two ports can do with " +
                 "less than " + std::to_string(kLeastMb) +
                 " MB; without the flag they get what they need"};
}

Status check_memory(const config::Config& config, const MemoryNeed& need, const FreeMemory& free) {
    if (need.eal_mb < need.eal_least_mb)
        return Error{"--memory " + std::to_string(need.eal_mb) + ": these ports and workers need " +
                     std::to_string(need.eal_least_mb) + " MB; without the flag they get it"};
    return config.no_huge ? check_ordinary(config, need, free) : check_huge(config, need, free);
}

}  // namespace sluice::app
