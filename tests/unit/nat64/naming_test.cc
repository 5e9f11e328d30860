// SPDX-License-Identifier: BSD-3-Clause
#include "nat64/naming.h"

#include "catch.h"
#include "ipv6_addresses.h"
#include "net/text.h"
#include "testing/ipv6_hosts.h"

namespace naming_test {

using namespace sluice;
using namespace sluice::nat64;
using test::v6;

namespace {

constexpr int64_t kSecond = 1'000'000'000;

Be32 v4(const char* text) {
    return *net::parse_address(text);
}

net::Tuple tuple(Be32 source, Be32 destination) {
    return {source, destination, Be16::from_host(4000), Be16::from_host(80), net::Protocol::Tcp};
}

}  // namespace

TEST_CASE("naming: packets of an IPv6 host have IPv6 addresses at both ends", "[nat64]") {
    const test::Ipv6Hosts hosts;
    const Be32 number = hosts.number("2001:db8:1::10");
    const WireEnds sent = hosts.naming.ends(tuple(number, v4("198.51.100.7")));
    CHECK(to_string(sent.source) == "2001:db8:1::10");
    CHECK(to_string(sent.destination) == "64:ff9b::c633:6407");
    const WireEnds came = hosts.naming.ends(tuple(v4("198.51.100.7"), number));
    CHECK(to_string(came.source) == "64:ff9b::c633:6407");
    CHECK(to_string(came.destination) == "2001:db8:1::10");
    CHECK(with_port(came.destination, Be16::from_host(80)) == "[2001:db8:1::10]:80");
    CHECK(to_string(hosts.naming.host(number)) == "2001:db8:1::10");
    CHECK(to_string(hosts.naming.host(v4("198.18.0.1"))) == "2001:db8:1::1");
}

TEST_CASE("naming: nobody at the end of a mapping is nobody", "[nat64]") {
    const test::Ipv6Hosts hosts;
    const WireEnds ends = hosts.naming.ends(tuple(hosts.number("2001:db8:1::10"), Be32{}));
    CHECK(to_string(ends.destination) == "::");
}

TEST_CASE("naming: what is no number stays as it is", "[nat64]") {
    const test::Ipv6Hosts hosts;
    const net::Tuple outside = tuple(v4("198.51.100.1"), v4("198.51.100.7"));
    CHECK(hosts.naming.ends(outside) == WireEnds{{outside.source}, {outside.destination}});
    CHECK(to_string(hosts.naming.host(v4("10.1.0.10"))) == "10.1.0.10");
    CHECK(with_port({v4("10.1.0.10")}, Be16::from_host(80)) == "10.1.0.10:80");
    // Without IPv6 a number is an address like others.
    const net::Tuple inside = tuple(v4("198.18.0.20"), v4("198.51.100.7"));
    CHECK_FALSE(Naming().ends(inside).are_ipv6());
    CHECK(to_string(Naming().host(inside.source)) == "198.18.0.20");
    CHECK_FALSE(Naming().is_on());
    CHECK_FALSE(Naming().source(v6("2001:db8:1::10")));
}

TEST_CASE("naming: a number is told as that of its host at the time", "[nat64]") {
    const test::Ipv6Hosts hosts;
    const Be32 number = hosts.number("2001:db8:1::10", Tick{5000});
    const net::Tuple sent = tuple(number, v4("198.51.100.7"));
    CHECK(hosts.naming.at(5 * kSecond).ends(sent).are_ipv6());
    // Before, the number was another host's, of which nothing is known any more.
    CHECK_FALSE(hosts.naming.at(4 * kSecond).ends(sent).are_ipv6());
    CHECK(to_string(hosts.naming.at(4 * kSecond).host(number)) == net::to_string(number));
}

TEST_CASE("naming: what stands for an address inside is found", "[nat64]") {
    const test::Ipv6Hosts hosts;
    const auto host = v6("2001:db8:1::10");
    CHECK_FALSE(hosts.naming.source(host));
    const Be32 number = hosts.number("2001:db8:1::10");
    CHECK(hosts.naming.source(host) == number);
    CHECK_FALSE(hosts.naming.destination(host));
    CHECK(hosts.naming.destination(v6("64:ff9b::198.51.100.7")) == v4("198.51.100.7"));
}

}  // namespace naming_test
