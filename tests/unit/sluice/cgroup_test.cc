// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/cgroup.h"

#include "catch.h"
#include "tree.h"

namespace cgroup_test {

using namespace sluice::app;

namespace {

constexpr size_t kMegabyte = size_t{1} << 20;

std::string megabytes(size_t count) {
    return std::to_string(count * kMegabyte);
}

}  // namespace

TEST_CASE("cgroup: without a limit there is none", "[sluice]") {
    Tree tree;
    CHECK_FALSE(memory_limit(tree.root()));
    tree.file("proc/self/cgroup", "0::/system.slice/sluice.service")
        .file("sys/fs/cgroup/system.slice/sluice.service/memory.max", "max")
        .file("sys/fs/cgroup/system.slice/sluice.service/memory.current", megabytes(10));
    CHECK_FALSE(memory_limit(tree.root()));
}

TEST_CASE("cgroup: the tightest limit up to the top counts", "[sluice]") {
    Tree tree;
    tree.file("proc/self/cgroup", "0::/system.slice/sluice.service")
        .file("sys/fs/cgroup/system.slice/sluice.service/memory.max", megabytes(1000))
        .file("sys/fs/cgroup/system.slice/sluice.service/memory.current", megabytes(100))
        .file("sys/fs/cgroup/system.slice/memory.max", megabytes(2000))
        .file("sys/fs/cgroup/system.slice/memory.current", megabytes(1500));
    const auto limit = memory_limit(tree.root());
    REQUIRE(limit);
    CHECK(limit->group == "/system.slice");
    CHECK(limit->most_bytes == 2000 * kMegabyte);
    CHECK(limit->room_bytes == 500 * kMegabyte);
}

TEST_CASE("cgroup: what the kernel takes back by itself is room", "[sluice]") {
    Tree tree;
    tree.file("proc/self/cgroup", "0::/")
        .file("sys/fs/cgroup/memory.max", megabytes(1000))
        .file("sys/fs/cgroup/memory.current", megabytes(900))
        .file("sys/fs/cgroup/memory.stat",
              "anon 1\nactive_file 2\ninactive_file " + megabytes(300) + "\nslab 4");
    CHECK(memory_limit(tree.root())->room_bytes == 400 * kMegabyte);
}

TEST_CASE("cgroup: a group beyond its limit has no room", "[sluice]") {
    Tree tree;
    tree.file("proc/self/cgroup", "0::/")
        .file("sys/fs/cgroup/memory.max", megabytes(100))
        .file("sys/fs/cgroup/memory.current", megabytes(101));
    CHECK(memory_limit(tree.root())->room_bytes == 0);
}

TEST_CASE("cgroup: version 1 is read, also beside version 2", "[sluice]") {
    Tree tree;
    tree.file("proc/self/cgroup", "5:cpu,cpuacct:/a\n4:memory:/a/b\n0::/c")
        .file("sys/fs/cgroup/memory/a/b/memory.limit_in_bytes", "9223372036854771712")
        .file("sys/fs/cgroup/memory/a/b/memory.usage_in_bytes", megabytes(20))
        .file("sys/fs/cgroup/memory/a/memory.limit_in_bytes", megabytes(64))
        .file("sys/fs/cgroup/memory/a/memory.usage_in_bytes", megabytes(24))
        .directory("sys/fs/cgroup/unified/c");
    const auto limit = memory_limit(tree.root());
    REQUIRE(limit);
    CHECK(limit->group == "/a");
    CHECK(limit->room_bytes == 40 * kMegabyte);
}

TEST_CASE("cgroup: the least quota of CPUs up to the top counts", "[sluice]") {
    Tree tree;
    CHECK_FALSE(cpu_limit(tree.root()));
    tree.file("proc/self/cgroup", "0::/pods/a")
        .file("sys/fs/cgroup/pods/a/cpu.max", "max 100000")
        .file("sys/fs/cgroup/cpu.max", "400000 100000");
    CHECK(cpu_limit(tree.root())->cpus == 4);
    tree.file("sys/fs/cgroup/pods/cpu.max", "75000 50000");
    const auto limit = cpu_limit(tree.root());
    CHECK(limit->cpus == 1.5);
    CHECK(limit->group == "/pods");
    CHECK(limit->lift == "echo max > /sys/fs/cgroup/pods/cpu.max");
}

TEST_CASE("cgroup: quotas of version 1 are read, also beside version 2", "[sluice]") {
    Tree tree;
    tree.file("proc/self/cgroup", "5:cpu,cpuacct:/a/b\n4:cpuset:/a\n0::/c")
        .file("sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_quota_us", "-1")
        .file("sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_period_us", "100000")
        .directory("sys/fs/cgroup/unified/c");
    CHECK_FALSE(cpu_limit(tree.root()));
    tree.file("sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "50000")
        .file("sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", "100000");
    const auto limit = cpu_limit(tree.root());
    REQUIRE(limit);
    CHECK(limit->cpus == 0.5);
    CHECK(limit->group == "/a");
    CHECK(limit->lift == "echo -1 > /sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us");
}

TEST_CASE("cgroup: hugepages have a limit of their own, by size", "[sluice]") {
    Tree tree;
    tree.file("proc/self/cgroup", "0::/s")
        .file("sys/fs/cgroup/s/hugetlb.2MB.max", megabytes(256))
        .file("sys/fs/cgroup/s/hugetlb.2MB.current", megabytes(56))
        .file("sys/fs/cgroup/s/hugetlb.1GB.max", "max");
    CHECK(hugepage_limit(tree.root(), "2MB")->room_bytes == 200 * kMegabyte);
    CHECK_FALSE(hugepage_limit(tree.root(), "1GB"));
}

}  // namespace cgroup_test
