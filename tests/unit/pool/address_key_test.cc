// SPDX-License-Identifier: BSD-3-Clause
#include "pool/address_key.h"

#include "catch.h"

namespace address_key_test {

using namespace sluice::pool;

TEST_CASE("address key: 32 hexadecimal digits, and back", "[pool]") {
    const auto key = parse_address_key("0123456789abcdefFEDCBA9876543210");
    REQUIRE(key);
    CHECK(*key == AddressKey(0x0123456789abcdef, 0xfedcba9876543210));
    CHECK(to_string(*key) == "0123456789abcdeffedcba9876543210");
    CHECK(to_string(AddressKey(0x5)) == "00000000000000050000000000000000");
}

TEST_CASE("address key: anything else is none", "[pool]") {
    for (const char* text :
         {"", "0", "0123456789abcdef", "0123456789abcdef0123456789abcdef0",
          "0x23456789abcdef0123456789abcdef", "g123456789abcdef0123456789abcdef",
          "0123456789abcdef 123456789abcdef", "-123456789abcdef0123456789abcdef"})
        CHECK_FALSE(parse_address_key(text));
}

}  // namespace address_key_test
