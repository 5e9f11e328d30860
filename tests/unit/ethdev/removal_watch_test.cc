// SPDX-License-Identifier: BSD-3-Clause
#include "ethdev/removal_watch.h"

#include "null_port.h"
#include "sluice/tree.h"

#include <filesystem>

namespace removal_watch_test {

using sluice::app::Tree;
using sluice::ethdev::RemovalWatch;
using sluice::test::NullPort;

namespace {

constexpr const char* kName = "net_null_removal";
constexpr const char* kDevice = "0000:03:00.0";
constexpr const char* kLink = "sys/bus/pci/devices/0000:03:00.0/driver";

}  // namespace

TEST_CASE("removal watch: a device that has gone says so, and stays gone for its port",
          "[ethdev]") {
    Tree tree;
    tree.link(kLink, "../drivers/mlx5_core");
    const NullPort port(kName);
    const RemovalWatch watch(port.id, kDevice, tree.root());
    CHECK_FALSE(watch.has_gone());
    port.say(RTE_ETH_EVENT_INTR_RESET);
    CHECK_FALSE(watch.has_gone());
    port.say(RTE_ETH_EVENT_INTR_RMV);
    CHECK(watch.has_gone());
    CHECK(watch.has_gone());
}

TEST_CASE("removal watch: a device is there again when the driver of before has it", "[ethdev]") {
    Tree tree;
    tree.link(kLink, "../drivers/mlx5_core");
    const NullPort port(kName);
    const RemovalWatch watch(port.id, kDevice, tree.root());
    std::filesystem::remove_all(tree.root() / "sys/bus/pci/devices");
    CHECK_FALSE(watch.is_there_again());
    tree.link(kLink, "../drivers/vfio-pci");
    CHECK_FALSE(watch.is_there_again());
    std::filesystem::remove(tree.root() / kLink);
    CHECK_FALSE(watch.is_there_again());
    tree.link(kLink, "../drivers/mlx5_core");
    CHECK(watch.is_there_again());
}

TEST_CASE("removal watch: what had no driver is not there again without one", "[ethdev]") {
    const Tree tree;
    const NullPort port(kName);
    CHECK_FALSE(RemovalWatch(port.id, kDevice, tree.root()).is_there_again());
}

}  // namespace removal_watch_test
