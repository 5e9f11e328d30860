// SPDX-License-Identifier: BSD-3-Clause
#include "base/big_endian.h"

#include "catch.h"

#include <array>
#include <cstring>
#include <type_traits>

namespace big_endian_test {

using namespace sluice;

TEST_CASE("big endian: raw holds the bytes as they stand in a packet", "[base]") {
    const std::array<uint8_t, 4> wire{0xc0, 0x00, 0x02, 0x01};
    Be32 address;
    std::memcpy(&address, wire.data(), sizeof address);
    CHECK(address.host() == 0xc0000201);
    CHECK(Be32::from_host(0xc0000201) == address);

    Be16 port;
    std::memcpy(&port, wire.data() + 2, sizeof port);
    CHECK(port.host() == 0x0201);
}

TEST_CASE("big endian: order is that of the numbers, not of their bytes", "[base]") {
    CHECK(Be16::from_host(0x00ff) < Be16::from_host(0x0100));
    CHECK(Be32::from_host(0x000000ff) < Be32::from_host(0x01000000));
    CHECK(Be32::from_host(7) >= Be32::from_host(7));
}

TEST_CASE("big endian: does not mix with plain numbers", "[base]") {
    STATIC_REQUIRE_FALSE(std::is_convertible_v<uint32_t, Be32>);
    STATIC_REQUIRE_FALSE(std::is_convertible_v<Be32, uint32_t>);
    STATIC_REQUIRE_FALSE(std::is_convertible_v<Be16, Be32>);
}

}  // namespace big_endian_test
