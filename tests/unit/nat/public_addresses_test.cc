// SPDX-License-Identifier: BSD-3-Clause
#include "nat/public_addresses.h"

#include "bench.h"
#include "catch.h"
#include "nat/allocator.h"

#include <set>

namespace public_addresses_test {

using namespace sluice;
using namespace sluice::nat;
using namespace sluice::nat::testing;

TEST_CASE("public addresses: a host has the first of its pool, as its flows are given it",
          "[nat]") {
    Ground ground({}, rule_with(3, pool::kAllPorts), 4096);
    const pool::AddressPool& pool = *ground.rule.pool;
    Hands hands(ground, 0);
    PublicAddresses addresses(ground.policy);
    std::set<uint32_t> all;
    for (uint32_t i = 0; i < 20; ++i) {
        const Request request = ground.outward(udp(host(i), 5000));
        const auto address = addresses.of(request);
        REQUIRE(address);
        CHECK(*address == pool.address(pool.first(request.original.inside_source())));
        const Decision decision = hands.allocator.decide(request, ground.now, hands.trail);
        REQUIRE(decision.external);
        CHECK(decision.external->address == *address);
        all.insert(address->host());
    }
    CHECK(all.size() == 3);
}

TEST_CASE(
    "public addresses: what is said for a flow comes first, and what keeps its source has none",
    "[nat]") {
    Ground ground({}, rule_with(3, pool::kAllPorts), 4096);
    const pool::AddressPool& pool = *ground.rule.pool;
    PublicAddresses addresses(ground.policy);
    CHECK(!addresses.of(Request::within(udp(host(1), 5000))));
    Request request = ground.outward(udp(host(1), 5000));
    for (uint32_t i = 0; i < pool.size(); ++i) {
        request.public_address = pool.address(i);
        CHECK(addresses.of(request) == pool.address(i));
    }
    request.external = net::Endpoint{Be32::from_host(0xc6336463), {}};
    CHECK(addresses.of(request) == request.external->address);
    request.external.reset();
    request.rule = nullptr;
    CHECK(!addresses.of(request));
}

}  // namespace public_addresses_test
