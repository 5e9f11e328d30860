// SPDX-License-Identifier: BSD-3-Clause
#include "net/gre.h"

#include "catch.h"

#include <vector>

namespace gre_test {

using namespace sluice;
using namespace sluice::net;
using Bytes = std::vector<uint8_t>;

TEST_CASE("gre: version 1 with PPP has a call ID", "[net][gre]") {
    const Bytes packet{0x30, 0x81, 0x88, 0x0b, 0, 4, 0x12, 0x34, 0, 0, 0, 1};
    CHECK(call_id_of(packet) == std::optional(Be16::from_host(0x1234)));
    for (size_t bytes = 0; bytes < 8; ++bytes)
        CHECK_FALSE(call_id_of(std::span(packet).first(bytes)));
    CHECK(call_id_of(std::span(packet).first(8)));
}

TEST_CASE("gre: another version or protocol has none", "[net][gre]") {
    CHECK_FALSE(call_id_of(Bytes{0x30, 0x80, 0x88, 0x0b, 0, 4, 0x12, 0x34}));
    CHECK_FALSE(call_id_of(Bytes{0x30, 0x82, 0x88, 0x0b, 0, 4, 0x12, 0x34}));
    CHECK_FALSE(call_id_of(Bytes{0x30, 0x81, 0x08, 0x00, 0, 4, 0x12, 0x34}));
}

TEST_CASE("gre: a tuple by call ID is never one by addresses", "[net][gre]") {
    const Tuple addresses{Be32::from_host(1), Be32::from_host(2), {}, {}, Protocol::Gre, 0, 7};
    const Tuple call = by_call(addresses, Be16{});
    CHECK(is_call(call));
    CHECK_FALSE(is_call(addresses));
    CHECK_FALSE(call == addresses);
    CHECK(by_addresses(call) == addresses);
    Tuple other = call;
    other.protocol = Protocol::Tcp;
    CHECK_FALSE(is_call(other));
}

}  // namespace gre_test
