// SPDX-License-Identifier: BSD-3-Clause
#include "net/tuple_filter.h"

#include "catch.h"
#include "net/text.h"

#include <random>

namespace tuple_filter_test {

using namespace sluice;
using namespace sluice::net;

namespace {

constexpr uint16_t kWeb = 80;

Tuple web() {
    Tuple tuple;
    tuple.source = *parse_address("10.1.0.10");
    tuple.destination = *parse_address("203.0.113.10");
    tuple.source_port = Be16::from_host(40000);
    tuple.destination_port = Be16::from_host(kWeb);
    tuple.protocol = Protocol::Tcp;
    return tuple;
}

TupleFilter of_zone(uint16_t zone) {
    TupleFilter filter;
    filter.zone = zone;
    return filter;
}

}  // namespace

TEST_CASE("tuple filter: an empty one matches everything", "[net]") {
    CHECK(TupleFilter{}.is_empty());
    CHECK(TupleFilter{}.matches(web()));
    CHECK(TupleFilter{}.matches({}));
}

TEST_CASE("tuple filter: all that is given must hold", "[net]") {
    TupleFilter filter;
    filter.source = parse_prefix("10.1.0.0/24");
    filter.destination_port = kWeb;
    CHECK_FALSE(filter.is_empty());
    CHECK(filter.matches(web()));
    CHECK_FALSE(filter.matches(web().reversed()));
    filter.source_port = uint16_t{1};
    CHECK_FALSE(filter.matches(web()));
    filter.source_port.reset();
    filter.protocol = Protocol::Udp;
    CHECK_FALSE(filter.matches(web()));
    filter.protocol.reset();
    filter.destination = parse_prefix("203.0.113.11/32");
    CHECK_FALSE(filter.matches(web()));
}

TEST_CASE("tuple filter: ports are those of protocols that have some", "[net]") {
    TupleFilter filter;
    filter.source_port = uint16_t{40000};
    Tuple query = web();
    CHECK(filter.matches(query));
    query.protocol = Protocol::Icmp;  // its identifier is no port
    CHECK_FALSE(filter.matches(query));
}

TEST_CASE("tuple filter: a zone is that of either direction, 0 that of neither", "[net][zones]") {
    Tuple original = web();
    Tuple reply = web().reversed();
    const TupleFilter of_five = of_zone(5);
    const TupleFilter of_none = of_zone(0);
    CHECK_FALSE(of_five.is_empty());
    CHECK_FALSE(of_five.matches(original, reply));
    CHECK(of_none.matches(original, reply));
    reply.zone = 5;
    CHECK(of_five.matches(original, reply));
    CHECK_FALSE(of_none.matches(original, reply));
    original.zone = 6;
    CHECK(of_five.matches(original, reply));
    CHECK(of_zone(6).matches(original, reply));
}

TEST_CASE("tuple filter: what it matches meets its mask, and nothing else where that is all of it",
          "[net]") {
    std::mt19937 random(1);
    const auto any = [&random](uint32_t below) { return random() % below; };
    constexpr Protocol kProtocols[] = {Protocol::Tcp, Protocol::Udp, Protocol::Icmp};
    unsigned matched = 0;
    for (int i = 0; i < 100'000; ++i) {
        TupleFilter filter;
        if (any(2) == 0)
            filter.source = Prefix{Be32::from_host(0x0a010000 + any(4)), uint8_t(28 + any(5))};
        if (any(3) == 0)
            filter.destination = Prefix{Be32::from_host(0xcb007100 + any(2)), uint8_t(any(33))};
        if (any(3) == 0)
            filter.source_port = uint16_t(any(2));
        if (any(3) == 0)
            filter.destination_port = uint16_t(any(2));
        if (any(2) == 0)
            filter.protocol = kProtocols[any(3)];
        if (any(4) == 0)
            filter.zone = uint16_t(any(2));
        Tuple tuple;
        tuple.source = Be32::from_host(0x0a010000 + any(4));
        tuple.destination = Be32::from_host(0xcb007100 + any(2));
        tuple.source_port = Be16::from_host(uint16_t(any(2)));
        tuple.destination_port = Be16::from_host(uint16_t(any(2)));
        tuple.protocol = kProtocols[any(3)];
        tuple.zone = uint16_t(any(2));
        const bool matches = filter.matches(tuple);
        matched += matches;
        REQUIRE((!matches || filter.mask().meets(tuple)));
        REQUIRE((!filter.is_mask() || filter.mask().meets(tuple) == matches));
    }
    CHECK(matched > 1000);
}

}  // namespace tuple_filter_test
