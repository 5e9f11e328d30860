// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/check.h"

#include "catch.h"
#include "tree.h"

#include <nlohmann/json.hpp>

namespace check_test {

using namespace sluice::app;

namespace {

constexpr const char* kNic = "0000:03:00.0";

}  // namespace

TEST_CASE("check: a NIC that DPDK cannot have is a problem, with the command", "[sluice]") {
    Tree tree;
    tree.directory("sys/kernel/iommu_groups/7")
        .link(std::string("sys/bus/pci/devices/") + kNic + "/driver", "../drivers/ixgbe");
    const auto findings = check_nic(tree.root(), kNic, "--wan pci:0000:03:00.0");
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].kind == Finding::Kind::Problem);
    CHECK(findings[0].text.starts_with("--wan pci:0000:03:00.0: the kernel's driver ixgbe"));
    CHECK(findings[0].command() == "sluice-host-setup 0000:03:00.0");
    Tree other;
    other.link(std::string("sys/bus/pci/devices/") + kNic + "/driver", "../drivers/mlx5_core");
    CHECK(check_nic(other.root(), kNic, "x").empty());
}

TEST_CASE("check: the command is what stands in backticks", "[sluice]") {
    CHECK(Finding{Finding::Kind::Speed, "a; `do this` cures it, `or that`"}.command() == "do this");
    CHECK(Finding{Finding::Kind::Speed, "nothing helps"}.command().empty());
    CHECK(Finding{Finding::Kind::Speed, "a ` alone"}.command().empty());
}

TEST_CASE("check: findings are lines, or JSON", "[sluice]") {
    const std::vector<Finding> findings{{Finding::Kind::Problem, "no \"NIC\"; `bind it`"},
                                        {Finding::Kind::Speed, "slow"}};
    CHECK(findings_text(findings) == "problem: no \"NIC\"; `bind it`\nspeed: slow\n");
    CHECK(findings_text({}) == "nothing is in the way\n");
    const auto json = nlohmann::json::parse(findings_json(findings));
    REQUIRE(json.size() == 2);
    CHECK(json[0]["kind"] == "problem");
    CHECK(json[0]["command"] == "bind it");
    CHECK(json[1]["text"] == "slow");
    CHECK(nlohmann::json::parse(findings_json({})).empty());
}

}  // namespace check_test
