// SPDX-License-Identifier: BSD-3-Clause
#include "nat/own_port.h"

#include "bench.h"
#include "catch.h"
#include "io/steering.h"

#include <array>

namespace own_port_test {

using namespace sluice;
using namespace sluice::nat;
using namespace sluice::nat::testing;

TEST_CASE("own port: it is given where the whole search gives it, and told alike", "[nat]") {
    Ground ground({}, rule_with(4, {1024, 5100}), 4096);
    Opener opener(ground);
    for (uint32_t i = 0; i < 60; ++i)
        opener.open(host(i), static_cast<uint16_t>(5000 + i % 8));
    Hands hands(ground, 0);
    // By any port replies arrive at worker 0; but who asks for that searches.
    const std::array<uint8_t, io::kRssKeyBytes> key{};
    const io::Steering steering(io::Steer::Never, key, {0});
    ground.steering = &steering;
    Hands searching(ground, 0);
    const auto is_own = [](const Decision& decision, uint16_t port) {
        return decision.external && decision.external->port.host() == port &&
               !decision.is_elsewhere;
    };
    unsigned own = 0;
    unsigned other = 0;
    for (uint32_t i = 0; i < 200; ++i)
        for (const uint16_t port : {80, 5000, 5003, 5007, 5009, 5101}) {
            const Request request = ground.outward(udp(host(i), port));
            const Decision one = hands.allocator.decide(request, ground.now, hands.trail);
            const Decision two = searching.allocator.decide(request, ground.now, searching.trail);
            REQUIRE(is_own(one, port) == is_own(two, port));
            ++(is_own(one, port) ? own : other);
            if (!is_own(one, port))
                continue;
            REQUIRE(one.external == two.external);
            REQUIRE(one.reply_hash == two.reply_hash);
            REQUIRE(one.is_searched == two.is_searched);
            REQUIRE(one.probes == two.probes);
        }
    CHECK(own > 200);
    CHECK(other > 200);
}

TEST_CASE("own port: what is first looked up of a flow is foreseen", "[nat]") {
    Ground ground({}, rule_with(4, {1024, 5100}), 4096);
    Hands hands(ground, 0);
    for (uint32_t i = 0; i < 50; ++i) {
        const Request request = ground.outward(udp(host(i), 5000));
        const net::Tuple guess = hands.allocator.first_guess(request.original, *request.rule);
        const Decision decision = hands.allocator.decide(request, ground.now, hands.trail);
        REQUIRE(decision.external);
        CHECK(guess == request.reply(*decision.external));
    }
}

}  // namespace own_port_test
