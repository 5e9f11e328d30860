// SPDX-License-Identifier: BSD-3-Clause
#include "net/text.h"

#include "catch.h"

#include <arpa/inet.h>
#include <random>

namespace text_test {

using namespace sluice;
using namespace sluice::net;

TEST_CASE("text: an address is read", "[net]") {
    CHECK(parse_address("198.51.100.1") == Be32::from_host(0xc6336401));
    CHECK(parse_address("0.0.0.0") == Be32{});
    CHECK(parse_address("255.255.255.255") == Be32::from_host(0xffffffff));
}

TEST_CASE("text: what is not exactly an address is refused", "[net]") {
    const auto text =
        GENERATE(as<std::string>{}, "", "1", "1.2.3", "1.2.3.", ".1.2.3", "1..2.3", "1.2.3.4.",
                 "1.2.3.4.5", "256.0.0.1", "1.2.3.999", "01.2.3.4", "1.2.3.00", " 1.2.3.4",
                 "1.2.3.4 ", "1.2.3.4\n", "+1.2.3.4", "1.2.3.-4", "0x1.2.3.4", "a.b.c.d",
                 "1.2.3.4/32", "::1", "1.2.3.4294967297", "1,2,3,4", std::string("1.2.3.4\0", 8));
    CAPTURE(text);
    CHECK_FALSE(parse_address(text));
}

TEST_CASE("text: a prefix keeps its host bits", "[net]") {
    CHECK(parse_prefix("10.1.0.1/24") == Prefix{Be32::from_host(0x0a010001), 24});
    CHECK(parse_prefix("0.0.0.0/0") == Prefix{});
    CHECK(parse_prefix("10.1.0.1/32") == Prefix{Be32::from_host(0x0a010001), 32});
}

TEST_CASE("text: what is not exactly a prefix is refused", "[net]") {
    const auto text = GENERATE(as<std::string>{}, "", "/24", "10.1.0.1", "10.1.0.1/", "10.1.0/24",
                               "10.1.0.1/33", "10.1.0.1/024", "10.1.0.1/-1", "10.1.0.1/24 ",
                               "10.1.0.1 /24", "10.1.0.1//24", "10.1.0.1/255.255.255.0");
    CAPTURE(text);
    CHECK_FALSE(parse_prefix(text));
}

TEST_CASE("text: a range is two addresses or one", "[net]") {
    const Be32 first = Be32::from_host(0xc6336401);
    const Be32 last = Be32::from_host(0xc6336404);
    CHECK(parse_range("198.51.100.1-198.51.100.4") == AddressRange{first, last});
    CHECK(parse_range("198.51.100.1-198.51.100.1") == AddressRange{first, first});
    CHECK(parse_range("198.51.100.1") == AddressRange{first, first});
}

TEST_CASE("text: what is not exactly a range is refused", "[net]") {
    const auto text = GENERATE(as<std::string>{}, "", "-", "1.2.3.4-", "-1.2.3.4", "1.2.3.4-5",
                               "1.2.3.4 - 1.2.3.5", "1.2.3.5-1.2.3.4", "1.2.3.4-1.2.3.5-1.2.3.6",
                               "1.2.3.4-1.2.3.5 ", "1.2.3.0/24");
    CAPTURE(text);
    CHECK_FALSE(parse_range(text));
}

TEST_CASE("text: a MAC address is read, in either case", "[net]") {
    const MacAddress mac{0x02, 0x00, 0x5e, 0xab, 0xCD, 0xff};
    CHECK(parse_mac("02:00:5e:ab:cd:ff") == mac);
    CHECK(parse_mac("02:00:5E:AB:CD:FF") == mac);
}

TEST_CASE("text: what is not exactly a MAC address is refused", "[net]") {
    const auto text =
        GENERATE(as<std::string>{}, "", "02:00:5e:ab:cd", "02:00:5e:ab:cd:f", "02:00:5e:ab:cd:fg",
                 "02-00-5e-ab-cd-ff", "02:00:5e:ab:cd:ff:", "2:00:5e:ab:cd:fff", "02005eabcdff",
                 " 2:00:5e:ab:cd:ff", "02:00:5e:ab:cd:f\xc6");
    CAPTURE(text);
    CHECK_FALSE(parse_mac(text));
}

TEST_CASE("text: addresses print as inet_ntop prints them, and read back", "[net]") {
    std::mt19937 random{6943};
    for (int i = 0; i < 20000; ++i) {
        const Be32 address{i < 256 ? 0x01010101u * static_cast<uint32_t>(i)
                                   : static_cast<uint32_t>(random())};
        char expected[INET_ADDRSTRLEN];
        REQUIRE(inet_ntop(AF_INET, &address.raw, expected, sizeof expected));
        REQUIRE(to_string(address) == expected);
        REQUIRE(parse_address(expected) == address);
    }
}

TEST_CASE("text: write appends without an end mark", "[net]") {
    char out[kAddressChars + 1];
    std::fill(std::begin(out), std::end(out), '#');
    CHECK(write(out, Be32::from_host(0xffffffff)) == out + kAddressChars);
    CHECK(std::string(out, sizeof out) == "255.255.255.255#");
    CHECK(write(out, Be32{}) == out + 7);
    CHECK(std::string(out, 8) == "0.0.0.0.");
}

TEST_CASE("text: prefixes, ranges and MAC addresses print as they are read", "[net]") {
    const auto text = GENERATE(as<std::string>{}, "0.0.0.0/0", "10.1.0.1/24", "192.0.2.255/32");
    CHECK(to_string(parse_prefix(text).value()) == text);
    CHECK(to_string(parse_range("192.0.2.1-192.0.2.7").value()) == "192.0.2.1-192.0.2.7");
    CHECK(to_string(parse_range("192.0.2.1").value()) == "192.0.2.1");
    CHECK(to_string(parse_mac("02:00:5E:ab:cd:0f").value()) == "02:00:5e:ab:cd:0f");
}

TEST_CASE("text: an endpoint is an address and a port, of which none is 0 or has a zero before") {
    CHECK(parse_endpoint("198.51.100.1:80") ==
          Endpoint{Be32::from_host(0xc6336401), Be16::from_host(80)});
    CHECK(parse_endpoint("198.51.100.1:65535").has_value());
    for (const char* text : {"", "198.51.100.1", "198.51.100.1:", "198.51.100.1:0",
                             "198.51.100.1:65536", "198.51.100.1:080", "198.51.100.1:80 ",
                             "198.51.100.1:+80", ":80", "198.51.100:80", "198.51.100.1:80:80"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_endpoint(text));
    }
    CHECK(to_string(Endpoint{Be32::from_host(0xc6336401), Be16::from_host(80)}) ==
          "198.51.100.1:80");
}

}  // namespace text_test
