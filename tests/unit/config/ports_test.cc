// SPDX-License-Identifier: BSD-3-Clause
#include "config/ports.h"

#include "catch.h"

#include <string>
#include <vector>

namespace ports_test {

using namespace sluice;
using namespace sluice::config;

namespace {

Result<Attachment> read(const std::string& text) {
    return read_attachment("lan", text);
}

Config with(const Attachment& lan, const Attachment& wan) {
    Config config;
    config.lans = {{lan, {Be32::from_host(0x0a010001), 24}}};
    config.wans = {{wan, {Be32::from_host(0xc6336401), 24}, Be32::from_host(0xc63364fe)}};
    return config;
}

}  // namespace

TEST_CASE("ports: vlan= is taken out of what stands behind a port's commas", "[config]") {
    struct Row {
        const char* text;
        Attachment is;
    };
    const Row row = GENERATE(values<Row>({
        {"af_packet:eth0", {"af_packet:eth0", 0}},
        {"af_packet:eth0,vlan=100", {"af_packet:eth0", 100}},
        {"pci:03:00.0,vlan=1,queues=2", {"pci:03:00.0,queues=2", 1}},
        {"memif:/run/m,role=server,vlan=4094", {"memif:/run/m,role=server", 4094}},
        {"pcap:in.pcap,out.pcap,vlan=7", {"pcap:in.pcap,out.pcap", 7}},
        {"vlan=7", {"vlan=7", 0}},  // no port: what reads names says so
    }));
    CAPTURE(row.text);
    const auto attachment = read(row.text);
    REQUIRE(attachment.ok());
    CHECK(attachment.value() == row.is);
}

TEST_CASE("ports: what is no VLAN is refused with the flag and the value", "[config]") {
    const std::string text =
        GENERATE("af_packet:eth0,vlan=0", "af_packet:eth0,vlan=4095",
                 "af_packet:eth0,vlan=", "af_packet:eth0,vlan=7x", "af_packet:eth0,vlan=-1",
                 "af_packet:eth0,vlan=65636", "af_packet:eth0,vlan=7,vlan=8");
    const auto attachment = read(text);
    REQUIRE_FALSE(attachment.ok());
    CHECK(attachment.error().message.starts_with("--lan " + text + ": "));
}

TEST_CASE("ports: one of several interfaces is one port, with their tags", "[config]") {
    const Config stick = with({"af_packet:eth0", 10}, {"af_packet:eth0", 0});
    CHECK(check_ports(stick).ok());
    CHECK_FALSE(is_one_armed(stick));
    const auto shared = ports_of(stick);
    REQUIRE(shared.size() == 1);
    CHECK(shared[0].flag == "lan");
    CHECK(shared[0].port == "af_packet:eth0");
    CHECK(shared[0].vlans == std::vector<link::VlanId>{10, 0});
    CHECK(port_index(stick, stick.wans[0].at) == 0);

    const Config two = with({"af_packet:eth0", 0}, {"af_packet:eth1", 20});
    REQUIRE(ports_of(two).size() == 2);
    CHECK(ports_of(two)[1].flag == "wan");
    CHECK(ports_of(two)[1].vlans == std::vector<link::VlanId>{20});
    CHECK(port_index(two, two.wans[0].at) == 1);

    const Config arm = with({"af_packet:eth0", 30}, {"af_packet:eth0", 30});
    CHECK(check_ports(arm).ok());
    CHECK(is_one_armed(arm));
    REQUIRE(ports_of(arm).size() == 1);
    CHECK(ports_of(arm)[0].vlans == std::vector<link::VlanId>{30});
}

TEST_CASE("ports: inside interfaces and their addresses are pairs, in order", "[config]") {
    const Be32 own = Be32::from_host(0x0a010001);
    Config config = with({"af_packet:eth0", 10}, {"af_packet:eth1", 0});
    config.lans.push_back({{"af_packet:eth0", 11}, {own, 24}});
    CHECK(check_ports(config).ok());
    const auto shared = ports_of(config);
    REQUIRE(shared.size() == 2);
    CHECK(shared[0].vlans == std::vector<link::VlanId>{10, 11});

    Config apart = config;
    apart.lans[1].at.port = "tap:second";
    REQUIRE(ports_of(apart).size() == 3);
    CHECK(ports_of(apart)[0].name == "lan");
    CHECK(ports_of(apart)[1].name == "lan2");
    CHECK(ports_of(apart)[2].name == "wan");

    Config twice = config;
    twice.lans[1].at.vlan = 10;
    CHECK(check_ports(twice).error().message ==
          "--lan af_packet:eth0,vlan=10: it is there already");
    Config arm = config;
    arm.lans[1].at = config.wans[0].at;
    CHECK(
        check_ports(arm).error().message.starts_with("--lan af_packet:eth1: it is that of --wan"));
    Config bare = config;
    bare.lans[1].own = {};
    CHECK(check_ports(bare).error().message ==
          "--lan af_packet:eth0,vlan=11: there is no --lan-address in its place");
}

TEST_CASE("ports: one device has one name", "[config]") {
    const auto status = check_ports(with({"af_packet:eth0", 10}, {"af_xdp:eth0", 20}));
    REQUIRE_FALSE(status);
    CHECK(status.error().message ==
          "--wan af_xdp:eth0,vlan=20: --lan uses the same interface eth0; to share it, write both "
          "alike");
}

}  // namespace ports_test
