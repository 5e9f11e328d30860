// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/memory.h"

#include "catch.h"
#include "flow/flow_table.h"
#include "helper/helped.h"
#include "hosts/traffic_table.h"

#include <string>
#include <vector>

namespace memory_test {

using namespace sluice;
using namespace sluice::app;

namespace {

constexpr size_t kMegabyte = 1U << 20;

std::vector<ethdev::PortPlan> ports(uint16_t queues) {
    ethdev::PortPlan port;
    port.max_queues = queues;
    port.frame_bytes = 2048;
    return {port, port};
}

config::Config with_workers(unsigned workers) {
    config::Config config;
    config.workers = workers;
    return config;
}

MemoryNeed need_of(const config::Config& config) {
    return plan_memory(config, plan_packets(ports(1), config, false), 1);
}

}  // namespace

TEST_CASE("memory: more workers and queues need more packets", "[sluice]") {
    const auto few = plan_packets(ports(1), with_workers(1), false);
    const auto more_workers = plan_packets(ports(1), with_workers(4), false);
    const auto more_queues = plan_packets(ports(4), with_workers(4), true);
    CHECK(few.count >= 4 * 1024);
    CHECK(more_workers.count > few.count);
    CHECK(more_queues.count > more_workers.count);
    CHECK(few.frame_bytes == 2048);
    CHECK(few.private_bytes == 64);
    CHECK(more_queues.is_preempted);
}

TEST_CASE("memory: each worker may keep fragments of --fragment-bytes", "[sluice]") {
    config::Config config = with_workers(2);
    const auto some = plan_packets(ports(1), config, false);
    config.fragments.bytes *= 3;
    const auto more = plan_packets(ports(1), config, false);
    CHECK(more.count == some.count + 2 * 2 * (4U << 20) / fragment::kLeastPacketBytes);
}

TEST_CASE("memory: flows and packets are added up", "[sluice]") {
    config::Config config;
    config.no_huge = true;
    config.flows = 1 << 20;
    const MemoryNeed need = need_of(config);
    CHECK(need.table_bytes() > flow::FlowTable::bytes_needed(config.flows));
    CHECK(need.eal_mb == need.eal_least_mb);
    config.accounting = true;
    CHECK(need_of(config).table_bytes() >= need.table_bytes() + size_t{32} * config.flows);
    config.memory_mb = 4096;
    CHECK(need_of(config).eal_mb == 4096);
    CHECK(need_of(config).eal_least_mb == need.eal_least_mb);
}

TEST_CASE("memory: what helpers know and hosts' sums come to counts, in ordinary memory",
          "[sluice]") {
    config::Config config;
    config.no_huge = true;
    CHECK(need_of(config).heap_bytes == 0);
    config.accounting = true;
    const size_t sums = need_of(config).heap_bytes;
    CHECK(sums > 65536 * sizeof(hosts::SideTraffic));
    config.helpers = {{21}, {}};
    const MemoryNeed need = need_of(config);
    CHECK(need.heap_bytes >= sums + helper::Helped::bytes_needed(config.flows));

    const size_t tables = need.eal_mb * kMegabyte + need.table_bytes();
    CHECK(check_memory(config, need, {0, tables + need.heap_bytes}).ok());
    const Status ordinary = check_memory(config, need, {0, tables + need.heap_bytes - 1});
    REQUIRE_FALSE(ordinary.ok());
    CHECK(ordinary.error().message.find("for helpers and sums of hosts") != std::string::npos);

    config.no_huge = false;
    CHECK(check_memory(config, need, {tables, need.heap_bytes}).ok());
    const Status huge = check_memory(config, need, {tables, need.heap_bytes - 1});
    REQUIRE_FALSE(huge.ok());
    CHECK(huge.error().message.find("of memory beside hugepages") != std::string::npos);
    FreeMemory limited{tables, 9000 * kMegabyte};
    limited.ordinary_limit = CgroupLimit{"/a", need.heap_bytes, need.heap_bytes};
    CHECK_FALSE(check_memory(config, need, limited).ok());
}

TEST_CASE("memory: each table is whole large pages, for each is mapped alone", "[sluice]") {
    config::Config config;
    config.accounting = true;
    for (const uint32_t flows : {1000U, 262'144U, 1'000'000U})
        for (const unsigned workers : {1U, 2U, 4U, 8U}) {
            config.flows = flows;
            config.workers = workers;
            CHECK(need_of(config).table_bytes() % (size_t{2} << 20) == 0);
        }
}

TEST_CASE("memory: packets cost more in ordinary pages, which none may cross", "[sluice]") {
    config::Config huge;
    config::Config ordinary;
    ordinary.no_huge = true;
    CHECK(need_of(ordinary).eal_mb > need_of(huge).eal_mb);
}

TEST_CASE("memory: ports on two NUMA nodes need two pools", "[sluice]") {
    auto plans = ports(1);
    CHECK(count_numa_nodes(plans) == 1);
    plans[0].numa_node = 1;
    CHECK(count_numa_nodes(plans) == 1);
    plans[1].numa_node = 0;
    CHECK(count_numa_nodes(plans) == 2);

    const config::Config config;
    const auto packets = plan_packets(plans, config, false);
    const size_t one = plan_memory(config, packets, 1).eal_mb;
    const size_t two = plan_memory(config, packets, 2).eal_mb;
    CHECK(two >= one + ethdev::PacketPool::bytes_needed(packets, false) / kMegabyte);
}

TEST_CASE("memory: too little is a sentence with the size needed", "[sluice]") {
    config::Config config;
    const MemoryNeed need{80, 80, {40 * kMegabyte}};

    const Status huge = check_memory(config, need, {100 * kMegabyte, 9000 * kMegabyte});
    REQUIRE_FALSE(huge.ok());
    CHECK(huge.error().message.starts_with("--flows 262144: 120 MB of hugepages"));
    CHECK(huge.error().message.find("nr_hugepages") != std::string::npos);
    CHECK(check_memory(config, need, {120 * kMegabyte, 0}).ok());

    config.no_huge = true;
    const Status ordinary = check_memory(config, need, {9000 * kMegabyte, 100 * kMegabyte});
    REQUIRE_FALSE(ordinary.ok());
    CHECK(ordinary.error().message.starts_with("--flows 262144: 120 MB of memory"));
    CHECK(check_memory(config, need, {0, 120 * kMegabyte}).ok());
}

TEST_CASE("memory: --memory below the need is refused with the need", "[sluice]") {
    config::Config config;
    config.no_huge = true;
    const Status status = check_memory(config, {16, 80, {}}, {0, 9000 * kMegabyte});
    REQUIRE_FALSE(status.ok());
    CHECK(status.error().message.starts_with("--memory 16: "));
    CHECK(status.error().message.find("80 MB") != std::string::npos);
}

TEST_CASE("memory: a control group's limit is a sentence, not the end by the kernel", "[sluice]") {
    config::Config config;
    config.no_huge = true;
    FreeMemory free{0, 9000 * kMegabyte};
    free.ordinary_limit = CgroupLimit{"/a.slice/b.service", 1000 * kMegabyte, 900 * kMegabyte};
    CHECK(check_memory(config, {400, 80, {400 * kMegabyte}}, free).ok());
    // The program itself needs some, too.
    const Status status = check_memory(config, {440, 80, {440 * kMegabyte}}, free);
    REQUIRE_FALSE(status.ok());
    CHECK(status.error().message.starts_with("--flows 262144: 880 MB of memory are needed"));
    CHECK(status.error().message.find("of the 1000 MB that the control group /a.slice/b.service "
                                      "may use 900 MB are left") != std::string::npos);
}

TEST_CASE("memory: the limit on hugepages counts for hugepages only", "[sluice]") {
    config::Config config;
    FreeMemory free{9000 * kMegabyte, 9000 * kMegabyte};
    free.ordinary_limit = CgroupLimit{"/a", 1, 0};
    CHECK(check_memory(config, {80, 80, {40 * kMegabyte}}, free).ok());
    free.huge_limit = CgroupLimit{"/a", 100 * kMegabyte, 100 * kMegabyte};
    CHECK_FALSE(check_memory(config, {80, 80, {40 * kMegabyte}}, free).ok());
}

TEST_CASE("memory: --memory that no ports can do with is known beforehand", "[sluice]") {
    config::Config config;
    CHECK(check_memory_flag(config).ok());
    config.memory_mb = 16;
    REQUIRE_FALSE(check_memory_flag(config).ok());
    CHECK(check_memory_flag(config).error().message.starts_with("--memory 16: "));
    config.memory_mb = 48;
    CHECK(check_memory_flag(config).ok());
}

TEST_CASE("memory: pages of 1 GB count, each for one who takes it", "[sluice]") {
    const MemoryNeed need{88, 88, {20 * kMegabyte, 2 * kMegabyte, 2 * kMegabyte}};
    FreeMemory free;
    free.gigabyte_pages = 4;
    CHECK(use_hugepages(need, free) == HugepageUse{0, 4});
    CHECK(check_memory({}, need, free).ok());

    free.gigabyte_pages = 3;
    CHECK_FALSE(use_hugepages(need, free));
    const Status status = check_memory({}, need, free);
    REQUIRE_FALSE(status.ok());
    CHECK(status.error().message.find("0 MB are free in pages of 2 MB, and 3 of 1 GB") !=
          std::string::npos);
}

TEST_CASE("memory: each of the tables that are mapped takes a page of 1 GB of its own",
          "[sluice]") {
    config::Config config;
    config.flows = 1000;
    config.accounting = GENERATE(false, true);
    CAPTURE(config.accounting);
    // For packets, flows, hosts, both tables of quotas and kept endpoints; for the sums of hosts
    // and of addresses.
    const size_t pages = config.accounting ? 8 : 6;
    FreeMemory free{0, 9000 * kMegabyte};
    free.gigabyte_pages = pages - 1;
    CHECK_FALSE(use_hugepages(need_of(config), free));
    free.gigabyte_pages = pages;
    CHECK(use_hugepages(need_of(config), free) == HugepageUse{0, pages});
}

TEST_CASE("memory: small pages come first, large ones fill up", "[sluice]") {
    FreeMemory free{100 * kMegabyte, 0};
    free.gigabyte_pages = 3;
    const MemoryNeed little{88, 88, {8 * kMegabyte}};
    CHECK(use_hugepages(little, free) == HugepageUse{96 * kMegabyte, 0});
    const MemoryNeed table{88, 88, {20 * kMegabyte, 8 * kMegabyte}};
    CHECK(use_hugepages(table, free) == HugepageUse{96 * kMegabyte, 1});
    // EAL fills large pages first.
    const MemoryNeed packets{1024 + 60, 88, {1500 * kMegabyte}};
    CHECK(use_hugepages(packets, free) == HugepageUse{60 * kMegabyte, 3});
}

TEST_CASE("memory: what EAL maps is of whole pages", "[sluice]") {
    config::Config config;
    const MemoryNeed need{88, 88, {20 * kMegabyte}};
    FreeMemory free{100 * kMegabyte, 9000 * kMegabyte};
    CHECK(eal_bytes(config, need, free) == 88 * kMegabyte);
    free.huge_bytes = 50 * kMegabyte;
    free.gigabyte_pages = 3;
    CHECK(eal_bytes(config, need, free) == 1024 * kMegabyte);
    config.no_huge = true;
    CHECK(eal_bytes(config, need, free) == 88 * kMegabyte);
}

TEST_CASE("memory: the limit on pages of a size counts where these are taken", "[sluice]") {
    FreeMemory free;
    free.gigabyte_pages = 9;
    free.huge_limit = CgroupLimit{"/a", 0, 0};
    const MemoryNeed need{88, 88, {20 * kMegabyte}};
    CHECK(check_memory({}, need, free).ok());
    free.gigabyte_limit = CgroupLimit{"/a", 1024 * kMegabyte, 1024 * kMegabyte};
    CHECK_FALSE(check_memory({}, need, free).ok());
}

}  // namespace memory_test
