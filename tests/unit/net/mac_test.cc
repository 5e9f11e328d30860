// SPDX-License-Identifier: BSD-3-Clause
#include "net/mac.h"

#include "catch.h"

#include <array>

namespace mac_test {

using namespace sluice::net;

namespace {

constexpr MacAddress kTo{0x02, 0x11, 0x22, 0x33, 0x44, 0x55};
constexpr MacAddress kFrom{0x06, 0xaa, 0xbb, 0xcc, 0xdd, 0xee};

}  // namespace

TEST_CASE("mac: an address as a word is the same address", "[net]") {
    CHECK(mac_of(mac_bits(kTo)) == kTo);
    CHECK((mac_bits(kTo) & ~kMacBits) == 0);
    CHECK(mac_bits(kTo) != mac_bits(kFrom));
}

TEST_CASE("mac: group addresses have the group bit, others have not", "[net]") {
    CHECK((mac_bits({0x01, 0x00, 0x5e, 0, 0, 1}) & kGroupMac) != 0);
    CHECK((mac_bits({0xff, 0xff, 0xff, 0xff, 0xff, 0xff}) & kGroupMac) != 0);
    CHECK((mac_bits(kTo) & kGroupMac) == 0);
}

TEST_CASE("mac: both addresses stand in the frame as on the wire, and nothing else changes",
          "[net]") {
    std::array<uint8_t, 14> frame{};
    frame[12] = 0x08;
    frame[13] = 0x06;
    write_macs(frame.data(), mac_bits(kTo), mac_bits(kFrom));
    constexpr std::array<uint8_t, 14> kWanted{0x02, 0x11, 0x22, 0x33, 0x44, 0x55, 0x06,
                                              0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0x08, 0x06};
    CHECK(frame == kWanted);
    CHECK(destination_mac(frame.data()) == mac_bits(kTo));
    write_macs(frame.data(), mac_bits(kTo) | uint64_t{0xffff} << 48, mac_bits(kFrom));
    CHECK(frame == kWanted);
}

}  // namespace mac_test
