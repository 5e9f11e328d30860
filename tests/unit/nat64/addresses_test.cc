// SPDX-License-Identifier: BSD-3-Clause
#include "nat64/addresses.h"

#include "catch.h"
#include "ipv6_addresses.h"
#include "net/text.h"

namespace addresses_test {

using namespace sluice;
using namespace sluice::nat64;
using test::prefix6;
using test::v6;

namespace {

Be32 v4(const char* text) {
    return *net::parse_address(text);
}

struct Fixture {
    std::unique_ptr<Numbers> numbers =
        std::move(Numbers::create({.plan = NumberPlan({{}, 16})})).value();
    Addresses addresses{{*Embedding::of(prefix6("64:ff9b::/96")), prefix6("2001:db8:1::1/64"),
                         v6("fe80::1"), *net::parse_prefix("198.18.0.0/16")},
                        *numbers};
};

}  // namespace

TEST_CASE("addresses: the gateway's own have the first numbers", "[nat64]") {
    const Fixture f;
    CHECK(f.addresses.destination(v6("2001:db8:1::1")) == v4("198.18.0.1"));
    CHECK(f.addresses.destination(v6("fe80::1")) == v4("198.18.0.2"));
    CHECK(f.addresses.to_ipv6(v4("198.18.0.1")) == v6("2001:db8:1::1"));
    CHECK(f.addresses.to_ipv6(v4("198.18.0.2")) == v6("fe80::1"));
    CHECK_FALSE(f.addresses.to_ipv6(v4("198.18.0.3")));
    CHECK_FALSE(f.addresses.to_ipv6(v4("198.18.255.255")));
}

TEST_CASE("addresses: a host has a number from its first packet on", "[nat64]") {
    const Fixture f;
    CHECK_FALSE(f.addresses.to_ipv4(v6("2001:db8:1::10")));
    const auto number = f.addresses.source(v6("2001:db8:1::10"), Tick{});
    REQUIRE(number);
    CHECK(f.addresses.is_number(*number));
    CHECK(f.addresses.to_ipv4(v6("2001:db8:1::10")) == number);
    CHECK(f.addresses.to_ipv6(*number) == v6("2001:db8:1::10"));
    CHECK_FALSE(f.addresses.destination(v6("2001:db8:1::10")));  // hosts do not meet here
}

TEST_CASE("addresses: who only asks gives no host a number", "[nat64]") {
    const Fixture f;
    const Addresses asking(f.addresses.params(), *f.numbers, Giving::Asks);
    const auto asked = asking.source(v6("2001:db8:1::10"), Tick{});
    REQUIRE(asked);
    CHECK_FALSE(f.addresses.host(v6("2001:db8:1::10")));
    CHECK(f.addresses.source(v6("2001:db8:1::10"), Tick{}) == asked);
    CHECK(asking.source(v6("2001:db8:1::10"), Tick{}) == asked);
}

TEST_CASE("addresses: IPv4 hosts are behind the prefix", "[nat64][rfc6052]") {
    const Fixture f;
    CHECK(f.addresses.destination(v6("64:ff9b::203.0.113.10")) == v4("203.0.113.10"));
    CHECK(f.addresses.to_ipv6(v4("203.0.113.10")) == v6("64:ff9b::203.0.113.10"));
    for (const char* text :
         {"64:ff9b::10.0.0.1", "64:ff9b::100.64.0.1", "64:ff9b::169.254.0.1", "64:ff9b::172.31.0.1",
          "64:ff9b::192.168.0.1", "64:ff9b::198.18.1.1", "2001:db8::1"}) {
        CAPTURE(text);
        CHECK_FALSE(f.addresses.destination(v6(text)));
    }
}

TEST_CASE("addresses: only hosts of the subnet may send", "[nat64][rfc6146]") {
    const Fixture f;
    const auto server = v6("64:ff9b::203.0.113.10");
    CHECK(f.addresses.may_send(v6("2001:db8:1::10"), server));
    CHECK(f.addresses.may_send(v6("fe80::10"), v6("fe80::1")));
    for (const char* text : {"fe80::10", "2001:db8:2::10", "64:ff9b::192.0.2.1", "::", "ff02::1",
                             "2001:db8:1::1", "fe80::1"}) {
        CAPTURE(text);
        CHECK_FALSE(f.addresses.may_send(v6(text), server));
    }
}

TEST_CASE("addresses: outside the gateway and its next hop have numbers", "[nat64][nptv6]") {
    const Fixture f;
    AddressParams params = f.addresses.params();
    params.embedding.reset();
    params.outside = {prefix6("2001:db8:ff::2/64"), v6("fe80::2"), v6("2001:db8:ff::1")};
    const Addresses both(params, *f.numbers);
    using net::Side;
    CHECK(both.neighbour(v6("2001:db8:ff::2"), Side::Outside) == v4("198.18.0.13"));
    CHECK(both.neighbour(v6("fe80::2"), Side::Outside) == v4("198.18.0.14"));
    CHECK(both.neighbour(v6("2001:db8:ff::1"), Side::Outside) == v4("198.18.0.15"));
    CHECK(both.outside_gateway() == v4("198.18.0.15"));
    CHECK(both.own_number(Side::Outside) == v4("198.18.0.13"));
    for (const char* number : {"198.18.0.13", "198.18.0.14", "198.18.0.15"}) {
        CHECK(both.told(v4(number), {}) == both.to_ipv6(v4(number)));
        CHECK_FALSE(f.addresses.to_ipv6(v4(number)));
    }
    CHECK(both.to_ipv6(v4("198.18.0.15")) == v6("2001:db8:ff::1"));
    // Whom something is sent to on one link is nobody on the other.
    both.source(v6("2001:db8:1::10"), Tick{});
    CHECK_FALSE(both.neighbour(v6("2001:db8:1::10"), Side::Outside));
    CHECK(both.neighbour(v6("2001:db8:1::10"), Side::Inside));
    CHECK_FALSE(both.neighbour(v6("2001:db8:ff::1"), Side::Inside));
    CHECK_FALSE(f.addresses.neighbour(v6("2001:db8:ff::1"), Side::Outside));
    CHECK_FALSE(both.to_ipv6(v4("203.0.113.10")));  // without --nat64
}

}  // namespace addresses_test
