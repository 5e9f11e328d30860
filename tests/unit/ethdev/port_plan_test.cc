// SPDX-License-Identifier: BSD-3-Clause
#include "ethdev/port_plan.h"

#include "catch.h"

#include <fstream>
#include <string>
#include <unistd.h>

namespace port_plan_test {

using namespace sluice;
using namespace sluice::ethdev;

namespace {

Result<PortPlan> plan(const std::string& text, unsigned workers) {
    const auto name = io::parse_port_name(text, "wan");
    REQUIRE(name.ok());
    return plan_port("wan", name.value(), workers);
}

}  // namespace

TEST_CASE("port plan: what is not there is named with the flag", "[ethdev]") {
    const std::string text =
        GENERATE("af_packet:nowhere0", "af_xdp:nowhere0", "af_packet:lo", "pci:ffff:ff:1f.7",
                 "pcap:/nonexistent/in.pcap,/tmp/out.pcap");
    const auto port = plan(text, 1);
    REQUIRE_FALSE(port.ok());
    CAPTURE(port.error().message);
    CHECK(port.error().message.starts_with("--wan " + text + ": "));
    CHECK(port.error().message.find('\n') == std::string::npos);
}

TEST_CASE("port plan: only who spreads packets gets several queues", "[ethdev]") {
    CHECK(plan("vdev:net_null0", 4).value().max_queues == 4);
    CHECK(plan("vdev:net_null0", 4).value().spreading == Spreading::Nic);
    CHECK(plan("memif:/run/m.sock", 4).value().max_queues == 1);

    std::string file = "/tmp/sluice-plan-XXXXXX";
    const int descriptor = mkstemp(file.data());
    REQUIRE(descriptor >= 0);
    close(descriptor);
    const auto pcap = plan("pcap:" + file + ",/tmp/out.pcap", 4);
    unlink(file.c_str());
    REQUIRE(pcap.ok());
    CHECK(pcap.value().max_queues == 1);
    CHECK(pcap.value().spreading == Spreading::Nobody);
    CHECK(pcap.value().frame_bytes >= 1518);
}

TEST_CASE("port plan: an MTU that is asked for makes room for its frames", "[ethdev]") {
    PortPlan port = plan("vdev:net_null0", 1).value();
    REQUIRE(port.want_mtu(9000).ok());
    CHECK(port.wanted_mtu == 9000);
    CHECK(port.frame_bytes >= 9018);
}

TEST_CASE("port plan: a NIC's buffers hold a frame in whole KB", "[ethdev]") {
    PortPlan port;
    port.name.kind = io::PortKind::Pci;
    REQUIRE(port.want_mtu(9000).ok());
    CHECK(port.frame_bytes % 1024 == 0);
    CHECK(port.frame_bytes >= 9000 + 26);
}

TEST_CASE("port plan: an interface's MTU is its owner's to raise", "[ethdev]") {
    PortPlan port;
    port.flag = "lan";
    port.name.interface = "eth1";
    port.mtu = 1500;
    const Status status = port.want_mtu(9000);
    REQUIRE_FALSE(status.ok());
    CHECK(status.error().message.find("ip link set dev eth1 mtu 9000") != std::string::npos);
    CHECK(port.want_mtu(1400).ok());
}

}  // namespace port_plan_test
