// SPDX-License-Identifier: BSD-3-Clause
#include "io/port_name.h"

#include "catch.h"

namespace port_name_test {

using namespace sluice::io;

TEST_CASE("port name: each kind becomes a device of EAL", "[io]") {
    struct Row {
        const char* text;
        PortKind kind;
        const char* device;
        const char* arguments;
    };
    const Row row =
        GENERATE(Row{"pci:0000:03:00.0", PortKind::Pci, "0000:03:00.0", ""},
                 Row{"pci:03:00.1", PortKind::Pci, "0000:03:00.1", ""},
                 Row{"pci:0000:AF:1f.7,queues=2", PortKind::Pci, "0000:af:1f.7", "queues=2"},
                 Row{"af_packet:eth1", PortKind::AfPacket, "net_af_packet_lan", "iface=eth1"},
                 Row{"af_xdp:eth1", PortKind::AfXdp, "net_af_xdp_lan", "iface=eth1"},
                 Row{"tap:inside", PortKind::Tap, "net_tap_lan", "iface=inside"},
                 Row{"memif:/run/m.sock,role=server,id=3", PortKind::Memif, "net_memif_lan",
                     "socket-abstract=no,socket=/run/m.sock,role=server,id=3"},
                 Row{"pcap:in.pcap,out.pcap", PortKind::Pcap, "net_pcap_lan",
                     "rx_pcap=in.pcap,tx_pcap=out.pcap"},
                 Row{"vdev:net_null0,copy=1", PortKind::Vdev, "net_null0", "copy=1"},
                 Row{"vdev:net_ring0", PortKind::Vdev, "net_ring0", ""});
    CAPTURE(row.text);
    const auto port = parse_port_name(row.text, "lan");
    REQUIRE(port.ok());
    CHECK(port.value().kind == row.kind);
    CHECK(port.value().text == row.text);
    CHECK(port.value().device == row.device);
    CHECK(port.value().arguments == row.arguments);
}

TEST_CASE("port name: what is malformed is refused with a sentence", "[io]") {
    const char* text =
        GENERATE("", "eth1", "eth1:", ":eth1", "af_packet", "af_packet:", "af_packet:a b",
                 "af_packet:an/interface", "af_packet:sixteen_letters_", "af_packet:eth1,qpairs=4",
                 "AF_PACKET:eth1", "tap:", "af_xdp:", "pci:", "pci:0000:03:00", "pci:0000:03:00.8",
                 "pci:0000:3:00.0", "pci:00000:03:00.0", "pci:zzzz:03:00.0", "pci:03:00.0:0:0",
                 "memif:", "memif:,role=server", "memif:/run/m,role=master", "memif:/run/m,role",
                 "memif:/run/m,role=", "memif:/run/m,mtu=9", "pcap:", "pcap:in.pcap",
                 "pcap:in.pcap,", "pcap:a,a", "pcap:a,b,c", "vdev:", "vdev:net null");
    CAPTURE(text);
    const auto port = parse_port_name(text, "lan");
    REQUIRE_FALSE(port.ok());
    CHECK(port.error().message.size() > 20);
}

TEST_CASE("port name: two names of one device have one resource", "[io]") {
    const auto resource = [](const char* text) {
        return parse_port_name(text, "lan").value().resource;
    };
    CHECK(resource("pci:0000:03:00.0") == resource("pci:03:00.0,queues=2"));
    CHECK(resource("af_packet:eth1") == resource("af_xdp:eth1"));
    CHECK(resource("memif:/run/m") == resource("memif:/run/m,id=0,role=server"));
    CHECK(resource("memif:/run/m") != resource("memif:/run/m,id=1"));
    CHECK(resource("vdev:net_ring0") != resource("vdev:net_ring1"));
    CHECK(resource("vdev:net_af_packet0,qpairs=1,iface=eth1") == resource("af_packet:eth1"));
    CHECK(resource("vdev:net_af_xdp0,iface=eth1") == resource("af_packet:eth1"));
    CHECK(resource("vdev:net_tap0,iface=eth1") != resource("af_packet:eth1"));
}

}  // namespace port_name_test
