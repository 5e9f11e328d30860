// SPDX-License-Identifier: BSD-3-Clause
#include "net/ipv6.h"

#include "catch.h"

namespace ipv6_test {

using namespace sluice::net;

TEST_CASE("ipv6: an address is read in all forms, and written in one", "[net][rfc4291][rfc5952]") {
    const auto [text, written] = GENERATE(table<const char*, const char*>({
        {"2001:db8::1", "2001:db8::1"},
        {"2001:0DB8:0:0:0:0:0:1", "2001:db8::1"},
        {"::", "::"},
        {"::1", "::1"},
        {"2001:db8:0:0:1::", "2001:db8:0:0:1::"},
        {"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
    }));
    const auto address = parse_ipv6_address(text);
    REQUIRE(address);
    CHECK(to_string(*address) == written);
}

TEST_CASE("ipv6: what is no address is not read as one", "[net]") {
    const char* text = GENERATE("", "1", "1.2.3.4", "2001:db8::1::2", "2001:db8::1%eth0",
                                "g::", "2001:db8::1 ", "1:2:3:4:5:6:7:8:9");
    CAPTURE(text);
    CHECK_FALSE(parse_ipv6_address(text));
    CHECK_FALSE(parse_ipv6_address(std::string_view("::1\0", 4)));
}

TEST_CASE("ipv6: a prefix has its length, in plain digits", "[net]") {
    CHECK(to_string(*parse_ipv6_prefix("2001:db8::1/64")) == "2001:db8::1/64");
    const char* text = GENERATE("2001:db8::", "::/129", "::/", "::/064", "::/-1", "::/+1", "::/1x");
    CAPTURE(text);
    CHECK_FALSE(parse_ipv6_prefix(text));
}

TEST_CASE("ipv6: a prefix contains what agrees in its bits", "[net]") {
    struct Row {
        const char *prefix, *in, *out;
    };
    const Row row = GENERATE(values<Row>({{"2001:db8::/32", "2001:db8:ffff::", "2001:db9::"},
                                          {"2001:db8::/63", "2001:db8:0:1::9", "2001:db8:0:2::"},
                                          {"2001:db8::/64", "2001:db8::ffff", "2001:db8:0:1::"},
                                          {"2001:db8::/65", "2001:db8::1", "2001:db8::8000:0:0:0"},
                                          {"2001:db8::4/127", "2001:db8::5", "2001:db8::6"},
                                          {"2001:db8::4/128", "2001:db8::4", "2001:db8::5"}}));
    CAPTURE(row.prefix);
    const auto prefix = *parse_ipv6_prefix(row.prefix);
    CHECK(prefix.contains(*parse_ipv6_address(row.in)));
    CHECK_FALSE(prefix.contains(*parse_ipv6_address(row.out)));
    CHECK(Ipv6Prefix{prefix.address, 0}.contains(*parse_ipv6_address(row.out)));
}

TEST_CASE("ipv6: groups and link-local addresses are those of the RFCs",
          "[net][rfc4291][rfc2464]") {
    const auto address = *parse_ipv6_address("2001:db8::12:3456");
    CHECK(to_string(solicited_node(address)) == "ff02::1:ff12:3456");
    CHECK(multicast_mac(solicited_node(address)) == MacAddress{0x33, 0x33, 0xff, 0x12, 0x34, 0x56});
    CHECK(to_string(link_local_of({0x02, 0x00, 0x5e, 0x10, 0x00, 0x01})) == "fe80::5eff:fe10:1");
    CHECK(link_local_of({2, 0, 0, 0, 0, 1}).is_link_local());
    CHECK(to_string(link_local_beside(Ipv6Address::of_words(0x20010db800010002, 0x51))) ==
          "fe80::51");
    CHECK_FALSE(address.is_link_local());
    CHECK(kAllNodes.is_multicast());
}

}  // namespace ipv6_test
