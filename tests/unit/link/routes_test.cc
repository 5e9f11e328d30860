// SPDX-License-Identifier: BSD-3-Clause
#include "link/routes.h"

#include "catch.h"

#include <vector>

namespace routes_test {

using namespace sluice;
using namespace sluice::link;

namespace {

constexpr Be32 ip(uint8_t a, uint8_t b, uint8_t c, uint8_t d) {
    return Be32::from_host(uint32_t{a} << 24 | uint32_t{b} << 16 | uint32_t{c} << 8 | d);
}

constexpr Be32 kOnLink{};
constexpr InterfaceId kInside = 0;
constexpr InterfaceId kOutside = 254;

Routes routes(const std::vector<Route>& list) {
    return Routes(list);
}

/// A gateway as most are: two networks on the link, one behind a router, and the way out.
const std::vector<Route> kGateway{
    {{ip(10, 1, 0, 0), 24}, kInside, kOnLink},
    {{ip(198, 51, 100, 0), 24}, kOutside, kOnLink},
    {{ip(10, 2, 0, 0), 16}, kInside, ip(10, 1, 0, 254)},
    {{ip(0, 0, 0, 0), 0}, kOutside, ip(198, 51, 100, 254)},
};

}  // namespace

TEST_CASE("routes: a host on the link is its own next hop", "[link]") {
    const auto gateway = routes(kGateway);
    CHECK(gateway.find(ip(10, 1, 0, 10)) == Toward{kInside, ip(10, 1, 0, 10)});
    CHECK(gateway.find(ip(198, 51, 100, 7)) == Toward{kOutside, ip(198, 51, 100, 7)});
}

TEST_CASE("routes: a network behind a router goes to the router", "[link]") {
    const auto gateway = routes(kGateway);
    CHECK(gateway.find(ip(10, 2, 200, 1)) == Toward{kInside, ip(10, 1, 0, 254)});
    CHECK(gateway.find(ip(203, 0, 113, 10)) == Toward{kOutside, ip(198, 51, 100, 254)});
    CHECK(gateway.find(ip(255, 255, 255, 254)) == Toward{kOutside, ip(198, 51, 100, 254)});
}

TEST_CASE("routes: without a default route most of the world is nowhere", "[link]") {
    const auto isolated = routes({kGateway[0]});
    CHECK(isolated.find(ip(10, 1, 0, 255)).has_value());
    CHECK_FALSE(isolated.find(ip(10, 1, 1, 0)).has_value());
    CHECK_FALSE(isolated.find(ip(8, 8, 8, 8)).has_value());
    CHECK_FALSE(routes({}).find(ip(8, 8, 8, 8)).has_value());
}

TEST_CASE("routes: the longest prefix wins at every length", "[link]") {
    // Nested prefixes of one address, shortest first; the last bit that agrees decides.
    const Be32 host = ip(172, 16, 170, 85);
    std::vector<Route> nested;
    for (uint8_t length = 0; length <= 32; ++length)
        nested.push_back({{host, length}, kOutside, ip(192, 0, 2, length)});
    const auto table = routes(nested);
    for (uint8_t length = 0; length < 32; ++length) {
        const Be32 other = Be32::from_host(host.host() ^ (uint32_t{1} << (31 - length)));
        CAPTURE(int{length});
        CHECK(table.find(other) == Toward{kOutside, ip(192, 0, 2, length)});
    }
    CHECK(table.find(host) == Toward{kOutside, ip(192, 0, 2, 32)});
}

TEST_CASE("routes: of two for one prefix the later wins, host bits do not count", "[link]") {
    const auto table = routes({
        {{ip(10, 0, 0, 0), 8}, kInside, ip(10, 1, 0, 1)},
        {{ip(10, 9, 9, 9), 8}, kOutside, ip(192, 0, 2, 1)},
    });
    CHECK(table.find(ip(10, 200, 0, 1)) == Toward{kOutside, ip(192, 0, 2, 1)});
}

TEST_CASE("routes: thousands fit beside other tables of the same process", "[link]") {
    std::vector<Route> many;
    for (uint32_t i = 0; i < 20'000; ++i)
        many.push_back({{Be32::from_host(0x0b000000 + (i << 8)), 24},
                        kOutside,
                        Be32::from_host(0xc0000200 + i)});
    const auto first = routes(many);
    const auto second = routes(kGateway);
    for (uint32_t i = 0; i < many.size(); i += 777)
        CHECK(first.find(Be32::from_host(0x0b000005 + (i << 8))) ==
              Toward{kOutside, Be32::from_host(0xc0000200 + i)});
    CHECK(second.find(ip(11, 0, 0, 5)) == Toward{kOutside, ip(198, 51, 100, 254)});
}

TEST_CASE("routes: the neighbours that are named are those to ask for", "[link]") {
    CHECK(routes(kGateway).gateways() ==
          std::vector<Toward>{{kInside, ip(10, 1, 0, 254)}, {kOutside, ip(198, 51, 100, 254)}});
    CHECK(routes(kGateway) == routes(kGateway));
    CHECK_FALSE(routes(kGateway) == routes({}));
    CHECK(*routes(kGateway).match(ip(10, 2, 0, 1)) == kGateway[2]);
    CHECK(Routes().match(ip(10, 2, 0, 1)) == nullptr);
}

TEST_CASE("routes: those of one zone are nobody's of another, those outside everybody's",
          "[link][zones]") {
    constexpr InterfaceId kOther = 1;
    const auto gateway = routes({
        {{ip(10, 1, 0, 0), 24}, kInside, kOnLink, 0},
        {{ip(10, 1, 0, 0), 24}, kOther, kOnLink, 5},
        {{ip(10, 2, 0, 0), 16}, kOther, ip(10, 1, 0, 254), 5},
        {{ip(10, 2, 3, 0), 24}, kOutside, ip(198, 51, 100, 7)},
        {{ip(0, 0, 0, 0), 0}, kOutside, ip(198, 51, 100, 254)},
    });
    const Be32 host = ip(10, 1, 0, 10);
    CHECK(gateway.find(host) == Toward{kInside, host});
    CHECK(gateway.find({host, 5}) == Toward{kOther, host});
    CHECK(gateway.find({host, 6}) == Toward{kOutside, ip(198, 51, 100, 254)});
    CHECK(gateway.find({ip(10, 2, 0, 1), 5}) == Toward{kOther, ip(10, 1, 0, 254)});
    CHECK(gateway.find(ip(10, 2, 0, 1)) == Toward{kOutside, ip(198, 51, 100, 254)});
    // The longest prefix wins, whosever it is.
    CHECK(gateway.find({ip(10, 2, 3, 1), 5}) == Toward{kOutside, ip(198, 51, 100, 7)});
    // What leads there at all is known with what its zone sees.
    const Leads leads = gateway.leads(ip(10, 2, 0, 1));
    CHECK(Routes::toward(leads.in_zone, ip(10, 2, 0, 1)) ==
          Toward{kOutside, ip(198, 51, 100, 254)});
    CHECK(Routes::toward(leads.anywhere, ip(10, 2, 0, 1)) == Toward{kOther, ip(10, 1, 0, 254)});
    CHECK(gateway.leads({ip(10, 2, 0, 1), 5}).in_zone == leads.anywhere);
}

}  // namespace routes_test
