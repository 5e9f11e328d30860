// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/check.h"

#include "catch.h"
#include "port_plan_of.h"
#include "tree.h"

#include <nlohmann/json.hpp>

namespace check_test {

using namespace sluice::app;
using sluice::io::PortKind;

namespace {

constexpr const char* kNic = "0000:03:00.0";

/// An interface of the kernel's, with its number and that of its other end.
void interface(Tree& tree, const std::string& name, int index, int other) {
    const std::string directory = "sys/class/net/" + name;
    tree.file(directory + "/ifindex", std::to_string(index))
        .file(directory + "/iflink", std::to_string(other));
}

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

TEST_CASE("check: what a peer on this machine must be told is a note, with the command",
          "[sluice]") {
    Tree tree;
    interface(tree, "lan", 5, 6);
    interface(tree, "far", 6, 5);
    interface(tree, "near", 7, 5);  // as a VLAN on it has
    const auto findings = check_peer(tree.root(), port_plan_of(PortKind::AfXdp, "lan", "af_xdp"));
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].kind == Finding::Kind::Note);
    CHECK(findings[0].text.starts_with("--lan af_xdp:lan: lan is no NIC"));
    CHECK(findings[0].command() == "ethtool -K far tx off tso off gso off");
    CHECK(check_peer(tree.root(), port_plan_of(PortKind::Vdev, "lan")).size() == 1);
}

TEST_CASE("check: of a peer that is elsewhere the command cannot be told", "[sluice]") {
    Tree tree;
    interface(tree, "lan", 5, 6);
    interface(tree, "wan", 6, 7);  // the peer's number, but another interface of this namespace
    interface(tree, "br0", 8, 8);
    for (const char* name : {"lan", "br0", "unknown"}) {
        const auto findings = check_peer(tree.root(), port_plan_of(PortKind::AfXdp, name));
        REQUIRE(findings.size() == 1);
        CHECK(findings[0].command().empty());
        CHECK(findings[0].text.find("ethtool -K sets tx off tso off gso off there") !=
              std::string::npos);
    }
}

TEST_CASE("check: ports that take what a peer leaves, and wires, want nothing of it", "[sluice]") {
    Tree tree;
    interface(tree, "lan", 5, 6);
    interface(tree, "nic", 8, 8);
    tree.directory("sys/class/net/nic/device");
    CHECK(check_peer(tree.root(), port_plan_of(PortKind::AfPacket, "lan")).empty());
    CHECK(check_peer(tree.root(), port_plan_of(PortKind::Tap, "lan")).empty());
    CHECK(check_peer(tree.root(), port_plan_of(PortKind::AfXdp, "nic")).empty());
    CHECK(check_peer(tree.root(), port_plan_of(PortKind::Pci, "")).empty());
}

TEST_CASE("check: the command is what stands in backticks", "[sluice]") {
    CHECK(Finding{Finding::Kind::Speed, "a; `do this` cures it, `or that`"}.command() == "do this");
    CHECK(Finding{Finding::Kind::Speed, "nothing helps"}.command().empty());
    CHECK(Finding{Finding::Kind::Speed, "a ` alone"}.command().empty());
}

TEST_CASE("check: findings are lines, or JSON", "[sluice]") {
    const std::vector<Finding> findings{{Finding::Kind::Problem, "no \"NIC\"; `bind it`"},
                                        {Finding::Kind::Speed, "slow"},
                                        {Finding::Kind::Note, "tell others"}};
    CHECK(findings_text(findings) ==
          "problem: no \"NIC\"; `bind it`\nspeed: slow\nnote: tell others\n");
    CHECK(findings_text({}) == "nothing is in the way\n");
    const auto json = nlohmann::json::parse(findings_json(findings));
    REQUIRE(json.size() == 3);
    CHECK(json[0]["kind"] == "problem");
    CHECK(json[0]["command"] == "bind it");
    CHECK(json[1]["text"] == "slow");
    CHECK(json[2]["kind"] == "note");
    CHECK(nlohmann::json::parse(findings_json({})).empty());
}

}  // namespace check_test
