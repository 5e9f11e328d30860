// SPDX-License-Identifier: BSD-3-Clause
#include "nat64/transport.h"

#include "catch.h"
#include "ipv6_frame.h"

namespace transport_test {

using namespace sluice;
using namespace sluice::nat64;
using namespace sluice::test;

namespace {

Sum sum_of(const Bytes& bytes) {
    return Sum().add(bytes.data(), bytes.size());
}

}  // namespace

TEST_CASE("transport: a checksum follows the addresses that it covers", "[nat64][rfc1624]") {
    const Bytes before{0x20, 0x01, 0x0d, 0xb8};
    const Bytes after{0xc6, 0x33, 0x64, 0x01};
    for (const uint8_t protocol : {6, 17, 33, 136}) {
        CAPTURE(protocol);
        const size_t place = protocol == 6 ? 16 : 6;
        Bytes transport(20, 0x3c);
        transport[place] = transport[place + 1] = 0;
        Bytes covered = before;
        covered.insert(covered.end(), transport.begin(), transport.end());
        const uint16_t sum = plain_checksum(covered);
        transport[place] = static_cast<uint8_t>(sum >> 8);
        transport[place + 1] = static_cast<uint8_t>(sum);
        REQUIRE(change_checksum(protocol, transport, sum_of(before), sum_of(after)));
        covered = after;
        covered.insert(covered.end(), transport.begin(), transport.end());
        CHECK(plain_checksum(covered) == 0);
    }
}

TEST_CASE("transport: what has no such checksum stays", "[nat64]") {
    Bytes sctp(12, 1);
    REQUIRE(change_checksum(132, sctp, sum_of({1, 2}), sum_of({3, 4})));
    CHECK(sctp == Bytes(12, 1));
    Bytes udp(8, 0);
    REQUIRE(change_checksum(17, udp, sum_of({1, 2}), sum_of({3, 4})));
    CHECK(udp == Bytes(8, 0));
}

TEST_CASE("transport: a UDP checksum never becomes none", "[nat64][rfc768]") {
    Bytes udp{0, 0, 0, 0, 0, 0, 0, 1};
    REQUIRE(change_checksum(17, udp, sum_of({0, 0}), sum_of({0, 1})));
    CHECK(udp == Bytes{0, 0, 0, 0, 0, 0, 0xff, 0xff});
}

TEST_CASE("transport: a header that ends before its checksum is told", "[nat64]") {
    Bytes tcp(17, 0);
    CHECK_FALSE(change_checksum(6, tcp, {}, {}));
    Bytes udp(7, 0);
    CHECK_FALSE(change_checksum(17, udp, {}, {}));
}

TEST_CASE("transport: an ICMP head is read as it was written", "[nat64]") {
    Bytes icmp(8, 0xee);
    write_head(icmp.data(), {3, 4, 0x12345678});
    CHECK(icmp == Bytes{3, 4, 0xee, 0xee, 0x12, 0x34, 0x56, 0x78});
    CHECK(read_head(icmp.data()) == IcmpHead{3, 4, 0x12345678});
}

}  // namespace transport_test
