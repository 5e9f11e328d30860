// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/check.h"

#include "catch.h"
#include "testing/has.h"
#include "tree.h"

#include <nlohmann/json.hpp>

namespace check_test {

using namespace sluice::app;
using sluice::testing::has;

namespace {

constexpr const char* kNic = "0000:03:00.0";

std::string only(const Tree& tree) {
    const auto findings = check_nic(tree.root(), kNic, "--wan pci:0000:03:00.0");
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].kind == Finding::Kind::Problem);
    CHECK(findings[0].text.starts_with("--wan pci:0000:03:00.0: "));
    return findings[0].text;
}

Tree& bound_to(Tree& tree, const std::string& driver) {
    return tree.link(std::string("sys/bus/pci/devices/") + kNic + "/driver",
                     "../drivers/" + driver);
}

}  // namespace

TEST_CASE("check: a NIC that DPDK has is nothing to speak of", "[sluice]") {
    Tree tree;
    bound_to(tree, "vfio-pci").directory("sys/kernel/iommu_groups/7");
    CHECK(check_nic(tree.root(), kNic, "x").empty());
    Tree other;
    bound_to(other, "mlx5_core");
    CHECK(check_nic(other.root(), kNic, "x").empty());
}

TEST_CASE("check: a NIC that DPDK cannot have comes with the command", "[sluice]") {
    Tree none;
    CHECK(has(only(none), "no driver has it; `dpdk-devbind.py -b vfio-pci 0000:03:00.0`"));
    Tree kernel;
    bound_to(kernel, "ixgbe");
    CHECK(has(only(kernel), "the kernel's driver ixgbe has it; `dpdk-devbind.py -b vfio-pci"));
    Tree no_iommu;
    bound_to(no_iommu, "vfio-pci");
    CHECK(has(only(no_iommu), "there is no IOMMU"));
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
