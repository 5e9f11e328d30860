// SPDX-License-Identifier: BSD-3-Clause
#include "nat64/tuple_filter.h"

#include "catch.h"
#include "ipv6_addresses.h"
#include "net/text.h"
#include "testing/ipv6_hosts.h"

namespace tuple_filter_test {

using namespace sluice;
using test::v6;

namespace {

net::Tuple sent(Be32 host, const char* server) {
    return {host, *net::parse_address(server), Be16::from_host(4000), Be16::from_host(80),
            net::Protocol::Tcp};
}

}  // namespace

TEST_CASE("IPv6 filter: ends are those on the wire of the IPv6 side", "[nat64]") {
    const test::Ipv6Hosts hosts;
    const net::Tuple tuple = sent(hosts.number("2001:db8:1::10"), "198.51.100.7");
    nat64::TupleFilter filter;
    CHECK(filter.is_empty());
    filter.naming = hosts.naming;
    CHECK(filter.is_empty());
    filter.source6 = net::parse_ipv6_prefix("2001:db8:1::10/128");
    CHECK_FALSE(filter.is_empty());
    CHECK(filter.matches(tuple));
    CHECK_FALSE(filter.matches(tuple.reversed()));
    CHECK_FALSE(filter.matches(sent(hosts.number("2001:db8:1::11"), "198.51.100.7")));
    filter.source6 = net::parse_ipv6_prefix("2001:db8::/32");
    filter.destination6 = net::parse_ipv6_prefix("64:ff9b::198.51.100.7/128");
    CHECK(filter.matches(tuple));
    CHECK(filter.matches(tuple, tuple.reversed()));
    CHECK_FALSE(filter.matches(sent(hosts.number("2001:db8:1::10"), "198.51.100.8")));
    filter.destination_port = uint16_t{81};
    CHECK_FALSE(filter.matches(tuple));
}

TEST_CASE("IPv6 filter: IPv4 hosts have no IPv6 address, whatever the prefix", "[nat64]") {
    const test::Ipv6Hosts hosts;
    nat64::TupleFilter filter;
    filter.naming = hosts.naming;
    filter.destination6 = net::parse_ipv6_prefix("::/0");
    CHECK_FALSE(filter.matches(sent(*net::parse_address("10.1.0.10"), "198.51.100.7")));
    CHECK(filter.matches(sent(hosts.number("2001:db8:1::10"), "198.51.100.7")));
}

TEST_CASE("IPv6 filter: what is no IPv4 inside is matched by its own addresses", "[nat64][nptv6]") {
    const auto host = v6("2001:db8:1::10");
    const auto world = v6("2001:db8:cafe::10");
    net::Tuple rest;
    rest.protocol = net::Protocol::Udp;
    rest.destination_port = Be16::from_host(53);
    nat64::TupleFilter filter;
    CHECK(filter.matches(host, world, rest));
    filter.source6 = net::parse_ipv6_prefix("2001:db8:1::/64");
    CHECK(filter.matches(host, world, rest));
    CHECK_FALSE(filter.matches(world, host, rest));
    filter.destination6 = net::parse_ipv6_prefix("2001:db8:cafe::/48");
    CHECK(filter.matches(host, world, rest));
    filter.destination_port = uint16_t{54};
    CHECK_FALSE(filter.matches(host, world, rest));
    filter.destination_port = uint16_t{53};
    CHECK(filter.matches(host, world, rest));
    filter.source = net::parse_prefix("0.0.0.0/0");  // it has no IPv4 address
    CHECK_FALSE(filter.matches(host, world, rest));
}

}  // namespace tuple_filter_test
