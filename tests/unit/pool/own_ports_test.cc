// SPDX-License-Identifier: BSD-3-Clause
#include "pool/own_ports.h"

#include "catch.h"

#include <array>

namespace own_ports_test {

using namespace sluice;
using net::Endpoint;
using net::Protocol;
using pool::OwnPorts;

namespace {

constexpr Be32 kOne = Be32::from_host(0xc6336401);
constexpr Be32 kOther = Be32::from_host(0xc6336402);
constexpr std::array kAddresses{kOne};
constexpr std::array<pool::PortRange, 2> kRanges{{{22, 22}, {65534, 65535}}};

Endpoint at(Be32 address, uint16_t port) {
    return {address, Be16::from_host(port)};
}

}  // namespace

TEST_CASE("own ports: there are none where none are named", "[pool]") {
    const OwnPorts none;
    CHECK_FALSE(none.contains(Protocol::Tcp, at(kOne, 22)));
    CHECK_FALSE(none.is_at(kOne));
}

TEST_CASE("own ports: those named are own by every protocol that has ports", "[pool]") {
    const OwnPorts ports(kAddresses, kRanges);
    for (const Protocol protocol :
         {Protocol::Tcp, Protocol::Udp, Protocol::Sctp, Protocol::UdpLite}) {
        CHECK(ports.contains(protocol, at(kOne, 22)));
        CHECK(ports.contains(protocol, at(kOne, 65534)));
        CHECK(ports.contains(protocol, at(kOne, 65535)));
        CHECK_FALSE(ports.contains(protocol, at(kOne, 21)));
        CHECK_FALSE(ports.contains(protocol, at(kOne, 23)));
        CHECK_FALSE(ports.contains(protocol, at(kOther, 22)));
    }
    CHECK_FALSE(ports.contains(Protocol::Icmp, at(kOne, 22)));
    CHECK_FALSE(ports.contains(Protocol::Gre, at(kOne, 0)));
}

TEST_CASE("own ports: a DHCP client is answered", "[pool]") {
    const OwnPorts ports(kAddresses, {});
    CHECK(ports.contains(Protocol::Udp, at(kOne, 68)));
    CHECK_FALSE(ports.contains(Protocol::Tcp, at(kOne, 68)));
}

TEST_CASE("own ports: one comes and goes alone", "[pool]") {
    OwnPorts ports(kAddresses, kRanges);
    ports.add(Protocol::Udp, at(kOne, 127));
    ports.add(Protocol::Udp, at(kOne, 128));
    CHECK(ports.contains(Protocol::Udp, at(kOne, 127)));
    CHECK_FALSE(ports.contains(Protocol::Tcp, at(kOne, 127)));
    ports.remove(Protocol::Udp, at(kOne, 127));
    CHECK_FALSE(ports.contains(Protocol::Udp, at(kOne, 127)));
    CHECK(ports.contains(Protocol::Udp, at(kOne, 128)));
    CHECK(ports.contains(Protocol::Udp, at(kOne, 22)));
}

TEST_CASE("own ports: a protocol without ports is own as a whole", "[pool]") {
    OwnPorts ports(kAddresses, kRanges);
    ports.add(Protocol::Gre, at(kOne, 0));
    CHECK(ports.contains(Protocol::Gre, at(kOne, 0)));
    CHECK_FALSE(ports.contains(static_cast<Protocol>(50), at(kOne, 0)));
    ports.remove(Protocol::Gre, at(kOne, 0));
    CHECK_FALSE(ports.contains(Protocol::Gre, at(kOne, 0)));
}

}  // namespace own_ports_test
