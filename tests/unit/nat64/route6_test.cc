// SPDX-License-Identifier: BSD-3-Clause
#include "nat64/route6.h"

#include "catch.h"
#include "ipv6_addresses.h"
#include "net/text.h"

namespace route6_unit_test {

using namespace sluice;
using namespace sluice::nat64;
using stats::Drop;
using test::prefix6;
using test::v6;

namespace {

constexpr auto kHost = "2001:db8:1::10";
constexpr auto kPeer = "2001:db8:cafe::10";

Be32 v4(const char* text) {
    return *net::parse_address(text);
}

AddressParams params(Numbers& peers) {
    AddressParams params{*Embedding::of(prefix6("64:ff9b::/96")), prefix6("2001:db8:1::1/64"),
                         v6("fe80::1"), *net::parse_prefix("198.18.0.0/16")};
    params.outside = {prefix6("2001:db8:ff::2/64"), v6("fe80::2"), v6("2001:db8:ff::1")};
    params.peers = {{prefix6("2001:db8:1::/80")}, *net::parse_prefix("198.19.0.0/24"), &peers};
    return params;
}

struct Fixture {
    std::unique_ptr<Numbers> hosts =
        std::move(Numbers::create({.plan = NumberPlan({v4("198.18.0.0"), 16})})).value();
    std::unique_ptr<Numbers> peers =
        std::move(Numbers::create({.plan = NumberPlan({v4("198.19.0.0"), 24})})).value();
    Addresses addresses{params(*peers), *hosts};
    Route6 route6{addresses};
    Ipv4Ends ends;

    std::optional<Drop> outward(const char* from, const char* to, bool is_error = false) {
        return route6.outward({.source = v6(from), .destination = v6(to)}, is_error, Tick{}, ends);
    }
    std::optional<Drop> inward(const char* from, const char* to, bool is_error = false) {
        return route6.inward({.source = v6(from), .destination = v6(to)}, is_error, ends);
    }
};

}  // namespace

TEST_CASE("route6: both ends have a number from the first packet on", "[nat64][route6]") {
    Fixture f;
    CHECK(f.inward(kPeer, kHost) == Drop::NoMapping);
    REQUIRE_FALSE(f.outward(kHost, kPeer));
    CHECK(f.ends.stays_ipv6);
    CHECK(f.addresses.to_ipv6(f.ends.source) == v6(kHost));
    CHECK(f.addresses.to_ipv6(f.ends.destination) == v6(kPeer));
    CHECK(f.addresses.is_peer(f.ends.destination));
    CHECK(f.addresses.is_number(f.ends.destination));
    CHECK(f.addresses.to_ipv4(v6(kPeer)) == f.ends.destination);
    CHECK(f.addresses.told(f.ends.destination, {}) == v6(kPeer));
    const Ipv4Ends sent = f.ends;
    REQUIRE_FALSE(f.inward(kPeer, kHost));
    CHECK(f.ends.source == sent.destination);
    CHECK(f.ends.destination == sent.source);
    CHECK(f.route6.may_leave(sent.source, sent.destination));
}

TEST_CASE("route6: whom nobody has sent anything comes not in", "[nat64][route6]") {
    Fixture f;
    REQUIRE_FALSE(f.outward(kHost, kPeer));
    CHECK(f.inward("2001:db8:cafe::11", kHost) == Drop::NoMapping);
    CHECK(f.inward(kPeer, "2001:db8:1::11") == Drop::NoMapping);
    CHECK(f.inward(kPeer, "2001:db8:1::1") == Drop::ToGateway);
    CHECK(f.peers->count() == 1);
}

TEST_CASE("route6: errors give no numbers, and routers have one in common", "[nat64][route6]") {
    Fixture f;
    CHECK(f.outward(kHost, kPeer, true) == Drop::IcmpErrorUnknown);
    CHECK(f.inward(kPeer, kHost, true) == std::nullopt);  // the host has one: its quote decides
    REQUIRE_FALSE(f.outward(kHost, kPeer));
    CHECK_FALSE(f.outward(kHost, kPeer, true));
    REQUIRE_FALSE(f.inward("2001:db8:beef::1", kHost, true));
    CHECK(f.addresses.is_router(f.ends.source));
    CHECK_FALSE(f.addresses.to_ipv6(f.ends.source));
    REQUIRE_FALSE(f.inward(kPeer, kHost, true));
    CHECK(f.addresses.to_ipv6(f.ends.source) == v6(kPeer));
    CHECK(f.peers->count() == 1);
}

TEST_CASE("route6: only what is outside is a peer", "[nat64][route6]") {
    Fixture f;
    for (const char* to : {"2001:db8:1::20", "2001:db8:1:0:9::1", "fe80::9", "ff02::1", "::1",
                           "::", "64:ff9b::10.0.0.1"}) {
        CAPTURE(to);
        CHECK(f.outward(kHost, to) == Drop::Ipv6Destination);
    }
    CHECK(f.outward(kHost, "2001:db8:ff::2") == Drop::ToGateway);
    CHECK_FALSE(f.outward(kHost, "2001:db8:ff::1"));
}

TEST_CASE("route6: nobody leaves but whom a prefix has, and to peers", "[nat64][route6]") {
    Fixture f;
    REQUIRE_FALSE(f.outward(kHost, kPeer));
    const Be32 peer = f.ends.destination;
    const auto other = f.addresses.source(v6("2001:db8:1:0:9::1"), Tick{});
    REQUIRE(other);
    CHECK_FALSE(f.route6.may_leave(*other, peer));
    CHECK_FALSE(f.route6.may_leave(v4("10.1.0.10"), peer));
    CHECK_FALSE(f.route6.may_leave(peer, peer));
    CHECK_FALSE(f.route6.may_leave(f.ends.source, v4("203.0.113.1")));
    CHECK(f.route6.may_leave(f.addresses.own_number(net::Side::Outside), peer));
}

TEST_CASE("route6: where no number is free a new peer has none", "[nat64][route6]") {
    Fixture f;
    const Addresses asking(f.addresses.params(), *f.hosts, Giving::Asks);
    unsigned full = 0;
    for (int i = 0; i < 500; ++i) {
        const std::string to = "2001:db8:cafe:1::" + std::to_string(i + 1);
        const Headers headers{.source = v6(kHost), .destination = v6(to)};
        const auto said = Route6(asking).outward(headers, false, Tick{}, f.ends);
        const auto reason = f.outward(kHost, to.c_str());
        CHECK(said == reason);  // by who only asks, before
        if (reason)
            CHECK(reason == Drop::Ipv6PeersFull);
        full += reason.has_value();
    }
    CHECK(full == 500 - f.peers->count());
}

}  // namespace route6_unit_test
