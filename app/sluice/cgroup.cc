// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/cgroup.h"

#include <algorithm>
#include <fstream>
#include <string_view>

namespace sluice::app {
namespace {

namespace fs = std::filesystem;
using std::string;

/// Where this process stands in one hierarchy.
struct Place {
    fs::path top;  ///< Where the hierarchy is mounted.
    string group;  ///< Below it; begins with a slash.
};

/// The files of a group that say how much of something it may use and does use.
struct Files {
    string most;
    string used;
    string reclaimable;  ///< In memory.stat: what the kernel takes back when it is needed.
};

std::optional<size_t> read_number(const fs::path& file) {
    size_t number = 0;
    std::ifstream stream(file);
    if (!(stream >> number))
        return std::nullopt;  // "max", or no such file
    return number;
}

size_t read_stat(const fs::path& file, const string& name) {
    std::ifstream stream(file);
    size_t value = 0;
    for (string key; stream >> key >> value;)
        if (key == name)
            return value;
    return 0;
}

bool has_word(std::string_view list, std::string_view word) {
    while (!list.empty()) {
        const size_t comma = std::min(list.find(','), list.size());
        if (list.substr(0, comma) == word)
            return true;
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
    return false;
}

/// Lines of /proc/self/cgroup are "hierarchy:controllers:group"; version 2 is "0::group".
std::optional<Place> place_of(const fs::path& root, const string& controller) {
    std::ifstream file(root / "proc/self/cgroup");
    for (string line; std::getline(file, line);) {
        const size_t first = line.find(':');
        const size_t second = first == string::npos ? first : line.find(':', first + 1);
        if (second == string::npos)
            continue;
        const string controllers = line.substr(first + 1, second - first - 1);
        const fs::path mounts = root / "sys/fs/cgroup";
        if (controller.empty() && controllers.empty())
            return Place{fs::exists(mounts / "unified") ? mounts / "unified" : mounts,
                         line.substr(second + 1)};
        if (!controller.empty() && has_word(controllers, controller))
            return Place{mounts / controllers, line.substr(second + 1)};
    }
    return std::nullopt;
}

/// Calls look(directory, group) for the group of `place` and each above it.
template <typename Look>
void walk_up(const Place& place, Look look) {
    for (fs::path group = place.group;; group = group.parent_path()) {
        look(place.top / group.relative_path(), group.string());
        if (!group.has_relative_path())
            return;
    }
}

/// The tightest of the limits from `place` up to the top.
std::optional<CgroupLimit> tightest(const Place& place, const Files& files) {
    std::optional<CgroupLimit> found;
    walk_up(place, [&](const fs::path& directory, const string& group) {
        const std::optional<size_t> most = read_number(directory / files.most);
        const std::optional<size_t> used = read_number(directory / files.used);
        if (most && used) {
            const size_t back = files.reclaimable.empty()
                                    ? 0
                                    : read_stat(directory / "memory.stat", files.reclaimable);
            const size_t kept = *used - std::min(*used, back);
            const size_t room = *most - std::min(*most, kept);
            if (!found || room < found->room_bytes)
                found = CgroupLimit{group, *most, room};
        }
    });
    return found;
}

std::optional<CgroupLimit> tighter(std::optional<CgroupLimit> a, std::optional<CgroupLimit> b) {
    if (!a || (b && b->room_bytes < a->room_bytes))
        return b;
    return a;
}

std::optional<CgroupLimit> limit(const fs::path& root, const string& controller,
                                 const Files& old_files, const Files& files) {
    const std::optional<Place> old_place = place_of(root, controller);
    const std::optional<Place> place = place_of(root, "");
    return tighter(old_place ? tightest(*old_place, old_files) : std::nullopt,
                   place ? tightest(*place, files) : std::nullopt);
}

/// Of how many CPUs a group has the time; nothing where it may use all ("max", -1).
std::optional<double> quota_in(const fs::path& quota_file, const fs::path& period_file) {
    std::ifstream stream(quota_file);
    double quota = 0;
    double period = 0;
    stream >> quota;
    if (quota_file == period_file)
        stream >> period;
    else
        std::ifstream(period_file) >> period;
    if (quota <= 0 || period <= 0)
        return std::nullopt;
    return quota / period;
}

}  // namespace

std::optional<CgroupLimit> memory_limit(const fs::path& root) {
    return limit(root, "memory",
                 {"memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"},
                 {"memory.max", "memory.current", "inactive_file"});
}

std::optional<CgroupLimit> hugepage_limit(const fs::path& root, const string& size) {
    const string name = "hugetlb." + size + '.';
    return limit(root, "hugetlb", {name + "limit_in_bytes", name + "usage_in_bytes", ""},
                 {name + "max", name + "current", ""});
}

std::optional<CpuLimit> cpu_limit(const fs::path& root) {
    std::optional<CpuLimit> found;
    const auto look = [&](const std::optional<Place>& place, const string& quota,
                          const string& period, const string& none) {
        if (place)
            walk_up(*place, [&](const fs::path& directory, const string& group) {
                const std::optional<double> cpus = quota_in(directory / quota, directory / period);
                const fs::path file = "/" / (directory / quota).lexically_relative(root);
                if (cpus && (!found || *cpus < found->cpus))
                    found = CpuLimit{group, *cpus, "echo " + none + " > " + file.string()};
            });
    };
    look(place_of(root, "cpu"), "cpu.cfs_quota_us", "cpu.cfs_period_us", "-1");
    look(place_of(root, ""), "cpu.max", "cpu.max", "max");
    return found;
}

}  // namespace sluice::app
