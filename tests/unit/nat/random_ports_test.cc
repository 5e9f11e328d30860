// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// What an outsider sees of changed ports, 100 000 of each kind: evenly spread, without a relation
/// to the one before, and not to be continued by who knows all of the past.

#include "bench.h"
#include "catch.h"
#include "testing/randomness.h"

#include <vector>

namespace random_ports_test {

using namespace sluice;
using namespace sluice::nat;
using namespace sluice::nat::testing;
using namespace sluice::testing;

namespace {

constexpr size_t kPorts = 100'000;

struct Bench : Ground {
    explicit Bench(const HolderParams& holders = {},
                   RuleParams served = rule_with(1, pool::kAllPorts))
        : Ground(holders, std::move(served), 70'000) {}

    /// Of many hosts, each of which wants 5000 toward the server, as it is taken already.
    std::vector<uint32_t> ports() {
        Hands hands(*this, 0);
        std::vector<uint32_t> result;
        for (uint32_t n = 0; n < kPorts; ++n) {
            // In the second half the same flows, a millisecond later.
            const Tick then = now + Duration{static_cast<int32_t>(n / 50'000)};
            const auto request = outward(udp(host(1 + n % 50'000), 5000));
            const Decision decision = hands.allocator.decide(request, then, hands.trail);
            REQUIRE(decision.external);
            result.push_back(decision.external->port.host());
        }
        return result;
    }
};

/// The oldest of the generators that this stands in place of.
uint64_t xorshift(uint64_t& state) {
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * 0x2545f4914f6cdd1d;
}

}  // namespace

TEST_CASE("random ports: the tests tell a generator that gives its state away", "[nat][rfc6056]") {
    std::vector<uint32_t> numbers;
    uint64_t state = 1;
    for (size_t i = 0; i < kPorts; ++i)
        numbers.push_back(static_cast<uint32_t>(xorshift(state) % 1008));
    CHECK(linear_complexity(bits_of(numbers, 0)) <= 64);
    // And one port after the other.
    for (size_t i = 0; i < kPorts; ++i)
        numbers[i] = static_cast<uint32_t>(i % 64512);
    CHECK(serial_correlation(numbers) > 0.9);
    CHECK_FALSE(is_even(numbers, 64512));
}

TEST_CASE("random ports: changed ones", "[nat][rfc6056]") {
    Bench bench;
    Opener opener(bench);
    opener.open(host(0), 5000);
    check_random(bench.ports(), pool::kUserPorts);
}

TEST_CASE("random ports: those by which replies come home", "[nat][rfc6056]") {
    Bench bench;
    std::array<uint8_t, io::kRssKeyBytes> key;
    for (size_t i = 0; i < key.size(); ++i)
        key[i] = static_cast<uint8_t>(17 * i + 3);
    const io::Steering steering(io::Steer::Changed, key, {0, 1, 2, 3});
    bench.steering = &steering;
    Opener opener(bench);
    opener.open(host(0), 5000);
    const auto ports = bench.ports();
    for (const uint32_t port : ports) {
        net::Tuple reply = udp(host(1), 5000).reversed();
        reply.destination = test::ip("198.51.100.1");
        reply.destination_port = Be16::from_host(static_cast<uint16_t>(port));
        REQUIRE(steering.leads_to(0, reply));
    }
    check_spread(ports, 64512 / 4);
}

TEST_CASE("random ports: those of mappings", "[nat][rfc6056]") {
    RuleParams served = rule_with(1, pool::kAllPorts);
    served.independence =
        Independence{{{net::Protocol::Udp}}, {1024, 65535}, Filtering::EndpointIndependent};
    Bench bench({}, served);
    Opener opener(bench);
    opener.open(host(0), 5000);
    auto ports = bench.ports();
    for (uint32_t& port : ports) {
        REQUIRE(port % 2 == 0);  // of the same parity
        port = (port - 1024) / 2;
    }
    check_random(ports, {0, 32255});
}

TEST_CASE("random ports: blocks, and ports in them", "[nat][rfc6056][blocks]") {
    Bench bench({.blocks = {64, 1}});
    auto ports = bench.ports();
    std::vector<uint32_t> blocks;
    for (uint32_t& port : ports) {
        blocks.push_back(port / 64 - 16);
        port %= 64;
    }
    check_random(blocks, {0, 1007});
    check_random(ports, {0, 63});
}

TEST_CASE("random ports: where most are taken", "[nat][rfc6056]") {
    Bench bench;
    Opener opener(bench);
    // Three of four, and the search is under way.
    for (uint32_t port = 1024; port <= 65535; ++port)
        if (port % 4 != 0 || port == 5000)
            opener.open(host(0), static_cast<uint16_t>(port));
    auto ports = bench.ports();
    for (uint32_t& port : ports)
        port = (port - 1024) / 4;
    check_spread(ports, 16127);
}

}  // namespace random_ports_test
