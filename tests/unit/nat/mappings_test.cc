// SPDX-License-Identifier: BSD-3-Clause
#include "nat/mappings.h"

#include "bench.h"
#include "catch.h"

#include <set>

namespace mappings_test {

using namespace sluice;
using namespace sluice::nat;
using namespace sluice::nat::testing;
using stats::Drop;

namespace {

constexpr auto kUdp = net::Protocol::Udp;
const auto kRemote = endpoint("203.0.113.10", 53);

/// A mapping, or why there is none.
struct Mapped {
    std::optional<uint32_t> index;
    net::Endpoint external;
    Drop reason{};
};

struct Bench : Ground {
    Bench(Filtering filtering, pool::PortRange external, uint32_t addresses = 1,
          const HolderParams& holders = {})
        : Ground(holders,
                 {.inside = {host(0), 16},
                  .addresses = {{test::ip("198.51.100.1"),
                                 Be32::from_host(test::ip("198.51.100.0").host() + addresses)}},
                  .independence =
                      Independence{{{kUdp}, {net::Protocol::Tcp, {1, 100}}}, external, filtering}},
                 70'000) {}

    /// What the first packet of an endpoint toward kOther decides and makes.
    Mapped map(uint32_t number, uint16_t port, net::Protocol protocol = kUdp) {
        net::Tuple original = udp(host(number), port, kOtherServer);
        original.protocol = protocol;
        const Request request = outward(original);
        const Decision decision = one.allocator.decide(request, now, one.trail);
        one.allocator.learn(one.trail, exhaustion, now);
        if (!decision.external)
            return {{}, {}, decision.reason};
        REQUIRE(one.ties.make(request, decision, now).result == Tied::Result::Tied);
        one.stock.finish();
        one.member.quiescent();
        const auto mapping = one.mappings.of(protocol, request.source(), now);
        REQUIRE(mapping);
        REQUIRE(one.mappings.external_of(*mapping) == *decision.external);
        return {mapping, *decision.external, {}};
    }
    /// The packet goes to kRemote.
    Tied talk(uint32_t number, uint16_t port) {
        net::Tuple original = udp(host(number), port);
        original.destination_port = kRemote.port;
        const Request request = outward(original);
        return one.ties.make(request, one.allocator.decide(request, now, one.trail), now);
    }

    Hands one{*this, 0};
    Hands other{*this, 1};
};

}  // namespace

TEST_CASE("mappings: an endpoint keeps its mapping, which is found from outside",
          "[nat][rfc4787]") {
    Bench bench(Filtering::EndpointIndependent, pool::kAllPorts);
    const Mapped mapped = bench.map(1, 5000);
    REQUIRE(mapped.index);
    CHECK(mapped.external == endpoint("198.51.100.1", 5000));
    const Mapped second = bench.map(2, 5000);
    REQUIRE(second.index);
    CHECK(second.external.port.host() % 2 == 0);
    CHECK(second.external.port.host() >= 1024);
    CHECK(bench.map(1, 5000).index == mapped.index);
    CHECK(bench.other.mappings.behind(kUdp, mapped.external, bench.now) == mapped.index);
    CHECK(bench.other.mappings.inside_of(*mapped.index) ==
          net::Endpoint{host(1), Be16::from_host(5000)});
    CHECK_FALSE(bench.other.mappings.behind(net::Protocol::Tcp, mapped.external, bench.now));
}

TEST_CASE("mappings: a mapping that rests is behind nothing, and is given to nobody else",
          "[nat][rfc6888]") {
    Bench bench(Filtering::EndpointIndependent, {5000, 5000}, 1);
    const Mapped mapped = bench.map(1, 5000);
    REQUIRE(mapped.index);
    bench.now = bench.now + Duration::seconds(350);
    CHECK_FALSE(bench.one.mappings.behind(kUdp, mapped.external, bench.now));
    CHECK(bench.map(2, 5000).reason == Drop::PortsExhausted);
    CHECK(bench.map(1, 5000).index == mapped.index);
    bench.now = bench.now + Duration::seconds(71);
    CHECK(bench.map(2, 5000).index);
}

TEST_CASE("mappings: whom a packet from outside is for, a mapping of its protocol says",
          "[nat][rfc4787]") {
    Bench bench(Filtering::EndpointIndependent, pool::kAllPorts);
    const Mapped mapped = bench.map(1, 5000);
    REQUIRE(mapped.index);
    net::Tuple packet{test::ip(kServer),
                      mapped.external.address,
                      Be16::from_host(53),
                      mapped.external.port,
                      kUdp,
                      {}};
    const auto whom = [&] { return bench.other.mappings.whom(packet, bench.now); };
    REQUIRE(whom());
    CHECK(whom()->mapping == mapped.index);
    CHECK(whom()->inside == net::Endpoint{host(1), Be16::from_host(5000)});
    CHECK(whom()->lets_in);
    packet.protocol = net::Protocol::Tcp;
    CHECK_FALSE(whom());
    packet.protocol = kUdp;
    packet.destination_port = Be16::from_host(5001);
    CHECK_FALSE(whom());
    packet.destination_port = mapped.external.port;
    bench.now = bench.now + Duration::seconds(350);  // it rests
    CHECK_FALSE(whom());
}

TEST_CASE("mappings: exhausted is said when every port of every address is taken, and not before",
          "[nat]") {
    Bench bench(Filtering::EndpointDependent, {2000, 2999}, 2);
    std::set<std::pair<uint32_t, uint16_t>> taken;
    unsigned packets = 0;
    for (uint32_t number = 0; number < 2000; ++number) {
        Mapped mapped = bench.map(number, 5000);
        for (++packets; !mapped.index; ++packets) {
            REQUIRE(mapped.reason == Drop::PortsUnsearched);
            mapped = bench.map(number, 5000);
        }
        CHECK(taken.emplace(mapped.external.address.raw, mapped.external.port.raw).second);
    }
    CHECK(packets < 2300);
    CHECK(bench.exhaustion.read(0).packets + bench.exhaustion.read(1).packets > 0);
    Drop reason = Drop::PortsUnsearched;
    for (int i = 0; i < 100 && reason == Drop::PortsUnsearched; ++i)
        reason = bench.map(3000, 5000).reason;
    CHECK(reason == Drop::PortsExhausted);
    CHECK(bench.exhaustion.read(0).protocol == kUdp);
    CHECK(bench.exhaustion.read(0).destination == Be32{});
}

TEST_CASE("mappings: a filter lets in whom its endpoint has talked to", "[nat][rfc4787]") {
    const auto filtering = GENERATE(Filtering::EndpointDependent, Filtering::AddressDependent,
                                    Filtering::EndpointIndependent);
    Bench bench(filtering, pool::kAllPorts);
    const Mapped mapped = bench.map(1, 5000);
    REQUIRE(mapped.index);
    const bool is_open = filtering == Filtering::EndpointIndependent;
    CHECK(bench.one.mappings.lets_in(*mapped.index, kRemote, bench.now) == is_open);
    const Tied tied = bench.talk(1, 5000);
    REQUIRE(tied.holder);
    CHECK((*tied.holder != *mapped.index) == (filtering == Filtering::AddressDependent));
    const bool knows = filtering != Filtering::EndpointDependent;
    CHECK(bench.one.mappings.lets_in(*mapped.index, kRemote, bench.now) == knows);
    CHECK(bench.one.mappings.lets_in(*mapped.index, endpoint("203.0.113.10", 54), bench.now) ==
          knows);
    CHECK(bench.one.mappings.lets_in(*mapped.index, endpoint("203.0.113.12", 53), bench.now) ==
          is_open);
}

TEST_CASE("mappings: with blocks a mapping hangs on one of its host's", "[nat][blocks]") {
    Bench bench(Filtering::EndpointDependent, {}, 1, {.blocks = {64, 2}});
    std::set<uint16_t> ports;
    for (uint16_t port = 5000; port < 5064; ++port) {
        const Mapped mapped = bench.map(1, port);
        REQUIRE(mapped.index);
        CHECK(ports.insert(mapped.external.port.host()).second);
    }
    CHECK(*ports.rbegin() - *ports.begin() == 63);
    const auto block = find_holder(*bench.table, block_keys(host(1), 0, {}).original, bench.now);
    REQUIRE(block);
    CHECK(bench.table->record(*block).holding().dependents.load() == 64);
    CHECK(bench.map(1, 6000).index);
    // TCP's endpoints are mapped in part: their mappings have the upper half.
    const Mapped tcp = bench.map(1, 80, net::Protocol::Tcp);
    REQUIRE(tcp.index);
    CHECK(tcp.external.port.host() % 64 >= 32);
}

}  // namespace mappings_test
