// SPDX-License-Identifier: BSD-3-Clause
#include "route/routes.h"

#include "catch.h"
#include "eal.h"

#include <vector>

using namespace sluice;
using namespace sluice::route;

namespace {

constexpr Be32 ip(uint8_t a, uint8_t b, uint8_t c, uint8_t d) {
    return Be32::from_host(uint32_t{a} << 24 | uint32_t{b} << 16 | uint32_t{c} << 8 | d);
}

constexpr Be32 kOnLink{};

std::unique_ptr<Routes> routes(const std::vector<Route>& list) {
    test::start_eal();
    auto made = Routes::create(list, -1);
    REQUIRE(made.ok());
    return std::move(made).value();
}

/// A gateway as most are: two networks on the link, one behind a router, and the way out.
const std::vector<Route> kGateway{
    {{ip(10, 1, 0, 0), 24}, Side::Inside, kOnLink},
    {{ip(198, 51, 100, 0), 24}, Side::Outside, kOnLink},
    {{ip(10, 2, 0, 0), 16}, Side::Inside, ip(10, 1, 0, 254)},
    {{ip(0, 0, 0, 0), 0}, Side::Outside, ip(198, 51, 100, 254)},
};

}  // namespace

TEST_CASE("routes: a host on the link is its own next hop", "[route]") {
    const auto gateway = routes(kGateway);
    CHECK(gateway->find(ip(10, 1, 0, 10)) == Toward{Side::Inside, ip(10, 1, 0, 10)});
    CHECK(gateway->find(ip(198, 51, 100, 7)) == Toward{Side::Outside, ip(198, 51, 100, 7)});
}

TEST_CASE("routes: a network behind a router goes to the router", "[route]") {
    const auto gateway = routes(kGateway);
    CHECK(gateway->find(ip(10, 2, 200, 1)) == Toward{Side::Inside, ip(10, 1, 0, 254)});
    CHECK(gateway->find(ip(203, 0, 113, 10)) == Toward{Side::Outside, ip(198, 51, 100, 254)});
    CHECK(gateway->find(ip(255, 255, 255, 254)) == Toward{Side::Outside, ip(198, 51, 100, 254)});
}

TEST_CASE("routes: without a default route most of the world is nowhere", "[route]") {
    const auto isolated = routes({kGateway[0]});
    CHECK(isolated->find(ip(10, 1, 0, 255)).has_value());
    CHECK_FALSE(isolated->find(ip(10, 1, 1, 0)).has_value());
    CHECK_FALSE(isolated->find(ip(8, 8, 8, 8)).has_value());
    CHECK_FALSE(routes({})->find(ip(8, 8, 8, 8)).has_value());
}

TEST_CASE("routes: the longest prefix wins at every length", "[route]") {
    // Nested prefixes of one address, shortest first; the last bit that agrees decides.
    const Be32 host = ip(172, 16, 170, 85);
    std::vector<Route> nested;
    for (uint8_t length = 0; length <= 32; ++length)
        nested.push_back({{host, length}, Side::Outside, ip(192, 0, 2, length)});
    const auto table = routes(nested);
    for (uint8_t length = 0; length < 32; ++length) {
        const Be32 other = Be32::from_host(host.host() ^ (uint32_t{1} << (31 - length)));
        CAPTURE(int{length});
        CHECK(table->find(other) == Toward{Side::Outside, ip(192, 0, 2, length)});
    }
    CHECK(table->find(host) == Toward{Side::Outside, ip(192, 0, 2, 32)});
}

TEST_CASE("routes: of two for one prefix the later wins, host bits do not count", "[route]") {
    const auto table = routes({
        {{ip(10, 0, 0, 0), 8}, Side::Inside, ip(10, 1, 0, 1)},
        {{ip(10, 9, 9, 9), 8}, Side::Outside, ip(192, 0, 2, 1)},
    });
    CHECK(table->find(ip(10, 200, 0, 1)) == Toward{Side::Outside, ip(192, 0, 2, 1)});
}

TEST_CASE("routes: thousands fit beside other tables of the same process", "[route]") {
    std::vector<Route> many;
    for (uint32_t i = 0; i < 20'000; ++i)
        many.push_back({{Be32::from_host(0x0b000000 + (i << 8)), 24},
                        Side::Outside,
                        Be32::from_host(0xc0000200 + i)});
    const auto first = routes(many);
    const auto second = routes(kGateway);
    for (uint32_t i = 0; i < many.size(); i += 777)
        CHECK(first->find(Be32::from_host(0x0b000005 + (i << 8))) ==
              Toward{Side::Outside, Be32::from_host(0xc0000200 + i)});
    CHECK(second->find(ip(11, 0, 0, 5)) == Toward{Side::Outside, ip(198, 51, 100, 254)});
}
