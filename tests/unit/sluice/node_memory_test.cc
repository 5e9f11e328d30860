// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/node_memory.h"

#include "catch.h"
#include "testing/has.h"
#include "tree.h"

#include <string>
#include <vector>

namespace node_memory_test {

using namespace sluice;
using namespace sluice::app;
using sluice::testing::has;

namespace {

constexpr size_t kMegabyte = size_t{1} << 20;

ethdev::PortPlan port_on(int node, const std::string& flag) {
    ethdev::PortPlan plan;
    plan.flag = flag;
    plan.name.text = "pci:0000:03:00.0";
    plan.numa_node = node;
    return plan;
}

/// 40 MB of frames, and 60 MB of tables.
ethdev::PacketPoolParams packets() {
    ethdev::PacketPoolParams params;
    params.count = 20 * 1024;
    params.frame_bytes = 2048;
    return params;
}

Tree& node(Tree& tree, int number, int small, int gigabytes) {
    const std::string place =
        "sys/devices/system/node/node" + std::to_string(number) + "/hugepages/hugepages-";
    return tree.file(place + "2048kB/free_hugepages", std::to_string(small))
        .file(place + "2048kB/nr_hugepages", std::to_string(small + 1))
        .file(place + "1048576kB/free_hugepages", std::to_string(gigabytes));
}

Status check(const Tree& tree, const std::vector<ethdev::PortPlan>& ports,
             const config::Config& config = {}) {
    return check_node_memory(config, {88, 88, {40 * kMegabyte, 20 * kMegabyte}}, packets(), ports,
                             tree.root());
}

}  // namespace

TEST_CASE("node memory: free pages are read by node and size", "[sluice]") {
    Tree tree;
    CHECK(read_node_pages(tree.root()).empty());
    node(tree, 10, 7, 0);
    node(tree, 2, 0, 3);
    tree.file("sys/devices/system/node/online", "2,10").directory("sys/devices/system/node/nodes");
    CHECK(read_node_pages(tree.root()) == std::vector<NodePages>{{2, 0, 3}, {10, 7, 0}});
}

TEST_CASE("node memory: pages on another node than the port's do not serve", "[sluice]") {
    Tree tree;
    node(tree, 0, 500, 0);
    node(tree, 1, 49, 0);
    CHECK(check(tree, {port_on(0, "lan"), port_on(0, "wan")}).ok());
    const Status status = check(tree, {port_on(1, "lan"), port_on(1, "wan")});
    REQUIRE_FALSE(status.ok());
    const std::string& text = status.error().message;
    CHECK(has(text,
              "--lan pci:0000:03:00.0: it is on NUMA node 1, where packets and flows need "
              "100 MB of hugepages"));
    CHECK(has(text, "on node 0 500 of 2 MB and 0 of 1 GB, on node 1 49 of 2 MB and 0 of 1 GB"));
    CHECK(has(text,
              "`echo 51 > /sys/devices/system/node/node1/hugepages/hugepages-2048kB/"
              "nr_hugepages`"));
    node(tree, 1, 50, 0);
    CHECK(check(tree, {port_on(1, "lan"), port_on(1, "wan")}).ok());
    node(tree, 1, 0, 1);
    CHECK(check(tree, {port_on(1, "lan"), port_on(1, "wan")}).ok());
}

TEST_CASE("node memory: flows lie on the first port's node, packets on each", "[sluice]") {
    Tree tree;
    node(tree, 0, 50, 0);
    node(tree, 1, 20, 0);
    CHECK(check(tree, {port_on(0, "lan"), port_on(1, "wan")}).ok());
    node(tree, 1, 19, 0);
    const Status status = check(tree, {port_on(0, "lan"), port_on(1, "wan")});
    REQUIRE_FALSE(status.ok());
    CHECK(has(status.error().message,
              "--wan pci:0000:03:00.0: it is on NUMA node 1, where packets "
              "need 40 MB"));
}

TEST_CASE("node memory: no node, unknown nodes and --no-huge ask for nothing", "[sluice]") {
    Tree tree;
    CHECK(check(tree, {port_on(0, "lan")}).ok());
    node(tree, 0, 0, 0);
    CHECK(check(tree, {port_on(-1, "lan"), port_on(5, "wan")}).ok());
    config::Config config;
    CHECK_FALSE(check(tree, {port_on(0, "lan")}, config).ok());
    config.no_huge = true;
    CHECK(check(tree, {port_on(0, "lan")}, config).ok());
}

}  // namespace node_memory_test
