// SPDX-License-Identifier: BSD-3-Clause
#include "net/prefix.h"

#include "catch.h"
#include "net/text.h"

namespace prefix_test {

using namespace sluice;
using namespace sluice::net;

namespace {

Prefix prefix(const char* text) {
    return parse_prefix(text).value();
}
Be32 address(const char* text) {
    return parse_address(text).value();
}

}  // namespace

TEST_CASE("prefix: contains its network and nothing beside it", "[net]") {
    CHECK(prefix("10.1.0.1/24").contains(address("10.1.0.0")));
    CHECK(prefix("10.1.0.1/24").contains(address("10.1.0.255")));
    CHECK_FALSE(prefix("10.1.0.1/24").contains(address("10.1.1.0")));
    CHECK_FALSE(prefix("10.1.0.1/24").contains(address("10.0.255.255")));
    CHECK(prefix("10.1.0.1/32").contains(address("10.1.0.1")));
    CHECK_FALSE(prefix("10.1.0.1/32").contains(address("10.1.0.0")));
    CHECK(prefix("0.0.0.0/0").contains(address("255.255.255.255")));
}

TEST_CASE("prefix: network and broadcast are its ends", "[net]") {
    CHECK(prefix("10.1.2.77/26").network() == prefix("10.1.2.64/26"));
    CHECK(prefix("10.1.2.77/26").broadcast() == address("10.1.2.127"));
    CHECK(prefix("10.1.2.77/0").network() == prefix("0.0.0.0/0"));
    CHECK(prefix("10.1.2.77/30").broadcast() == address("10.1.2.79"));
}

TEST_CASE("prefix: a range contains both its ends", "[net]") {
    const AddressRange range = parse_range("192.0.2.255-192.0.3.1").value();
    CHECK(range.contains(address("192.0.2.255")));
    CHECK(range.contains(address("192.0.3.0")));
    CHECK(range.contains(address("192.0.3.1")));
    CHECK_FALSE(range.contains(address("192.0.2.254")));
    CHECK_FALSE(range.contains(address("192.0.3.2")));
}

TEST_CASE("prefix: no host sends from a martian address", "[net][rfc1812]") {
    const auto martian = GENERATE("0.0.0.0", "0.255.255.255", "127.0.0.1", "127.255.255.255",
                                  "224.0.0.0", "239.1.2.3", "240.0.0.0", "255.255.255.255");
    CAPTURE(martian);
    CHECK(is_martian(address(martian)));
    const auto host = GENERATE("1.0.0.0", "10.0.0.1", "126.255.255.255", "128.0.0.0", "192.168.1.1",
                               "223.255.255.255");
    CAPTURE(host);
    CHECK_FALSE(is_martian(address(host)));
}

TEST_CASE("prefix: host bits do not tell apart what has the same order", "[net]") {
    CHECK(prefix("10.1.2.3/16").order() == prefix("10.1.0.0/16").order());
    CHECK(prefix("10.1.0.0/17").order() != prefix("10.1.0.0/16").order());
    CHECK(prefix("10.2.0.0/16").order() != prefix("10.1.0.0/16").order());
}

}  // namespace prefix_test
