// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// Endpoint-independent mappings and their filters, beside endpoint-dependent flows.

#include "catch.h"
#include "testbed.h"

#include <set>

namespace mapping_test {

using namespace sluice;
using namespace sluice::test;
using nat::Filtering;
using net::Protocol;
using net::Side;
using stats::Count;
using stats::Drop;

namespace {

constexpr auto kPeer = "10.1.0.11";
constexpr auto kOther = "203.0.113.99";
constexpr uint16_t kOwn = 40'001;

const std::vector<nat::ProtocolPorts> kAll{{Protocol::Tcp}, {Protocol::Udp}, {Protocol::Icmp}};

TestbedOptions independent(Filtering filtering, std::vector<nat::ProtocolPorts> inside = kAll,
                           pool::PortRange external = pool::kAllPorts, unsigned workers = 1) {
    return {.workers = workers, .configure = [=](config::Config& config) {
                config.inside.clear();
                config.pool.clear();
                config.snat = {{.inside = {ip("10.1.0.0"), 24},
                                .addresses = {{ip(kPublic), ip(kPublic)}},
                                .independence = nat::Independence{inside, external, filtering}}};
            }};
}

TestbedOptions with(TestbedOptions options, policy::HolderParams holders) {
    options.configure = [before = options.configure, holders](config::Config& config) {
        before(config);
        config.holders = holders;
    };
    return options;
}

constexpr policy::HolderParams kNoRest{.port_hold = {}};

/// Sends a datagram out and returns the port that it left from.
uint16_t port_of(Testbed& bed, const char* host, uint16_t port, const char* server,
                 uint16_t server_port) {
    const auto out = bed.from_inside(Frame().ipv4(host, server).udp(port, server_port));
    REQUIRE(out.size() == 1);
    CHECK(out[0].source == kPublic);
    CHECK(out[0].checksums_ok());
    return out[0].source_port;
}

bool reaches(Testbed& bed, const char* from, uint16_t from_port, uint16_t port, const char* host,
             uint16_t host_port) {
    const auto in = bed.from_outside(Frame().ipv4(from, kPublic).udp(from_port, port));
    return in.size() == 1 && in[0].source == from && in[0].source_port == from_port &&
           in[0].destination == host && in[0].destination_port == host_port && in[0].checksums_ok();
}

std::vector<Seen> hairpin(Testbed& bed, const char* host, uint16_t port, uint16_t to) {
    REQUIRE(bed.from_inside(Frame().ipv4(host, kPublic).udp(port, to)).empty());
    return bed.take(Side::Inside);
}

}  // namespace

//= https://www.rfc-editor.org/rfc/rfc4787#section-4.1
//= type=test
//# A NAT MUST have an "Endpoint-Independent Mapping" behavior.
TEST_CASE("mapping: an endpoint has one external endpoint toward everybody", "[packet][rfc4787]") {
    Testbed bed(independent(Filtering::EndpointDependent));
    CHECK(port_of(bed, kHost, kOwn, kServer, 53) == kOwn);
    const uint16_t second = port_of(bed, kPeer, kOwn, kServer, 53);
    CHECK(second != kOwn);
    for (uint16_t server_port = 1000; server_port < 1020; ++server_port) {
        CHECK(port_of(bed, kHost, kOwn, kOther, server_port) == kOwn);
        CHECK(port_of(bed, kPeer, kOwn, kOther, server_port) == second);
    }
    CHECK(reaches(bed, kServer, 53, second, kPeer, kOwn));
    CHECK(bed.count(Count::HoldersMade) == 2);
}

TEST_CASE("mapping: TCP and ICMP queries have mappings as well", "[packet][tcp][icmp]") {
    Testbed bed(independent(Filtering::EndpointDependent));
    REQUIRE(bed.from_inside(Frame().ipv4(kPeer, kServer).tcp(kOwn, 80, kSyn)).size() == 1);
    std::set<uint16_t> ports;
    for (uint16_t server_port : {80, 81, 443}) {
        const auto out = bed.from_inside(Frame().ipv4(kHost, kServer).tcp(kOwn, server_port, kSyn));
        REQUIRE(out.size() == 1);
        ports.insert(out[0].source_port);
    }
    CHECK(ports.size() == 1);
    CHECK_FALSE(ports.contains(kOwn));

    REQUIRE(bed.from_inside(Frame().ipv4(kPeer, kServer).echo_request(7)).size() == 1);
    std::set<uint16_t> identifiers;
    for (const char* server : {kServer, kOther}) {
        const auto out = bed.from_inside(Frame().ipv4(kHost, server).echo_request(7));
        REQUIRE(out.size() == 1);
        identifiers.insert(out[0].identifier);
    }
    CHECK(identifiers.size() == 1);
    CHECK_FALSE(identifiers.contains(7));
}

TEST_CASE("mapping: a port that must change keeps its parity and its range", "[packet][rfc4787]") {
    Testbed bed(independent(Filtering::EndpointDependent));
    for (const uint16_t own : {40'001, 40'002, 501, 502}) {
        CHECK(port_of(bed, kHost, own, kServer, 53) == own);
        for (int host = 20; host < 40; ++host) {
            const uint16_t port =
                port_of(bed, ("10.1.0." + std::to_string(host)).c_str(), own, kServer, 53);
            REQUIRE(port != own);
            REQUIRE(port % 2 == own % 2);
            REQUIRE((port < 1024) == (own < 1024));
        }
    }
}

TEST_CASE("filtering: endpoint-independent lets everybody in, and tracks them",
          "[packet][rfc4787]") {
    Testbed bed(independent(Filtering::EndpointIndependent));
    CHECK(bed.from_outside(Frame().ipv4(kOther, kPublic).udp(9, kOwn)).empty());
    REQUIRE(port_of(bed, kHost, kOwn, kServer, 53) == kOwn);
    CHECK(reaches(bed, kServer, 54, kOwn, kHost, kOwn));
    CHECK(reaches(bed, kOther, 9, kOwn, kHost, kOwn));
    CHECK(bed.count(Count::FlowsInward) == 2);
    CHECK(bed.dropped(Drop::NoMapping) == 1);
    // The answer is the flow's, and belongs to the same endpoint.
    CHECK(port_of(bed, kHost, kOwn, kOther, 9) == kOwn);
    CHECK(bed.count(Count::FlowsOpened) == 3);

    REQUIRE(bed.from_inside(Frame().ipv4(kHost, kServer).tcp(kOwn, 80, kSyn)).size() == 1);
    CHECK(bed.from_outside(Frame().ipv4(kOther, kPublic).tcp(9, kOwn, kSyn)).size() == 1);
    CHECK(bed.from_outside(Frame().ipv4(kOther, kPublic).tcp(10, kOwn, kFin)).empty());
}

TEST_CASE("filtering: address-dependent lets in whom the endpoint has talked to",
          "[packet][rfc4787]") {
    Testbed bed(independent(Filtering::AddressDependent));
    REQUIRE(port_of(bed, kHost, kOwn, kServer, 53) == kOwn);
    REQUIRE(port_of(bed, kPeer, 5000, kOther, 53) == 5000);
    CHECK(reaches(bed, kServer, 54, kOwn, kHost, kOwn));
    CHECK(reaches(bed, kServer, 55, kOwn, kHost, kOwn));
    CHECK_FALSE(reaches(bed, kOther, 53, kOwn, kHost, kOwn));
    CHECK(bed.dropped(Drop::Filtered) == 1);
    CHECK(reaches(bed, kOther, 54, 5000, kPeer, 5000));
}

TEST_CASE("filtering: endpoint-dependent lets in what was asked for, and no more",
          "[packet][rfc4787]") {
    Testbed bed(independent(Filtering::EndpointDependent));
    REQUIRE(port_of(bed, kHost, kOwn, kServer, 53) == kOwn);
    CHECK(reaches(bed, kServer, 53, kOwn, kHost, kOwn));
    CHECK_FALSE(reaches(bed, kServer, 54, kOwn, kHost, kOwn));
    CHECK_FALSE(reaches(bed, kOther, 53, kOwn, kHost, kOwn));
    CHECK(bed.dropped(Drop::Filtered) == 2);
}

TEST_CASE("mapping: independent and dependent endpoints stand side by side", "[packet][rfc4787]") {
    constexpr pool::PortRange kMappings{32'768, 65'535};
    Testbed bed(
        independent(Filtering::EndpointIndependent, {{Protocol::Udp, {3000, 3999}}}, kMappings));
    const uint16_t game = port_of(bed, kHost, 3074, kServer, 53);
    CHECK(kMappings.contains(game));
    CHECK(port_of(bed, kHost, 3074, kOther, 53) == game);
    CHECK(reaches(bed, kOther, 77, game, kHost, 3074));

    // Other flows keep out of the range of mappings, with their own port too.
    CHECK(port_of(bed, kHost, 5000, kServer, 53) == 5000);
    for (int host = 20; host < 120; ++host) {
        const uint16_t port =
            port_of(bed, ("10.1.0." + std::to_string(host)).c_str(), 40'000, kServer, 53);
        REQUIRE_FALSE(kMappings.contains(port));
    }
    CHECK_FALSE(reaches(bed, kOther, 53, 5000, kHost, 5000));
    // The range is of UDP alone.
    const auto tcp = bed.from_inside(Frame().ipv4(kHost, kServer).tcp(50'000, 443, kSyn));
    REQUIRE(tcp.size() == 1);
    CHECK(tcp[0].source_port == 50'000);
    CHECK(bed.from_outside(Frame().ipv4(kOther, kPublic).tcp(443, 50'000, kSyn)).empty());
}

//= https://www.rfc-editor.org/rfc/rfc4787#section-4.3
//= type=test
//# The NAT mapping Refresh Direction MUST have a "NAT Outbound refresh
//# behavior" of "True".
TEST_CASE("mapping: packets from inside keep it, packets from outside do not",
          "[packet][rfc4787]") {
    Testbed bed(with(independent(Filtering::EndpointIndependent), kNoRest));
    REQUIRE(port_of(bed, kPeer, kOwn, kServer, 53) == kOwn);
    const uint16_t port = port_of(bed, kHost, kOwn, kServer, 53);
    for (int round = 0; round < 4; ++round) {
        bed.advance(Duration::seconds(100));
        REQUIRE(port_of(bed, kHost, kOwn, kServer, 53) == port);
    }
    CHECK(bed.gateway().snapshot().count[Count::HoldersExpired] == 1);  // the peer's

    // From outside the endpoint is reached until its time is up, and not a moment longer.
    for (int seconds = 0; seconds < 280; seconds += 70) {
        bed.advance(Duration::seconds(70));
        REQUIRE(reaches(bed, kOther, static_cast<uint16_t>(1000 + seconds), port, kHost, kOwn));
    }
    bed.advance(Duration::seconds(120));  // the last flow has ended, and the mapping's time
    CHECK_FALSE(reaches(bed, kOther, 9, port, kHost, kOwn));
    CHECK(bed.flows() == 0);
    CHECK(bed.count(Count::HoldersExpired) == 2);
}

TEST_CASE("mapping: whoever knocks keeps neither it nor his own flow", "[packet][rfc7857]") {
    const uint16_t hold = GENERATE(uint16_t{0}, uint16_t{120});
    Testbed bed(
        with(independent(Filtering::EndpointIndependent), {.port_hold = Duration::seconds(hold)}));
    const uint16_t port = port_of(bed, kHost, kOwn, kServer, 53);
    // One flow goes on all the time, others begin before it could end.
    int last = 0;
    for (int second = 0; second < 400; second += 5) {
        bed.advance(Duration::seconds(5));
        const bool goes_on = reaches(bed, kOther, 9, port, kHost, kOwn);
        const bool begins =
            reaches(bed, kOther, static_cast<uint16_t>(1000 + second), port, kHost, kOwn);
        if (goes_on || begins)
            last = second + 5;
    }
    CHECK(last >= 290);
    CHECK(last <= 300);
    bed.advance(Duration::seconds(hold));
    CHECK(bed.flows() == 0);
}

TEST_CASE("mapping: who is answered from inside goes on, and so does the mapping",
          "[packet][rfc4787]") {
    Testbed bed(with(independent(Filtering::EndpointIndependent), kNoRest));
    const uint16_t port = port_of(bed, kHost, kOwn, kServer, 53);
    for (int round = 0; round < 20; ++round) {
        bed.advance(Duration::seconds(25));
        REQUIRE(reaches(bed, kOther, 9, port, kHost, kOwn));
        if (round % 3 == 0)
            REQUIRE(port_of(bed, kHost, kOwn, kOther, 9) == port);
    }
    CHECK(reaches(bed, kServer, 77, port, kHost, kOwn));
    CHECK(bed.count(Count::FlowsInward) == 2);
}

TEST_CASE(
    "mapping: one that only flows from outside hold lets nobody else in, until its host speaks",
    "[packet][rfc4787][tcp]") {
    Testbed bed(with(independent(Filtering::EndpointIndependent), kNoRest));
    REQUIRE(bed.from_inside(Frame().ipv4(kHost, kServer).tcp(kOwn, 80, kSyn)).size() == 1);
    const auto from_peer = [&](uint8_t flags, uint32_t seq, uint32_t ack) {
        return bed.from_outside(
            Frame().ipv4(kOther, kPublic).tcp(9, kOwn, flags).seq(seq).ack(ack));
    };
    REQUIRE(from_peer(kSyn, 100, 0).size() == 1);
    const auto to_peer = [&](uint8_t flags, uint32_t seq) {
        return bed.from_inside(Frame().ipv4(kHost, kOther).tcp(kOwn, 9, flags).seq(seq).ack(101));
    };
    REQUIRE(to_peer(kSyn | kAck, 500).size() == 1);
    REQUIRE(from_peer(kAck, 101, 501).size() == 1);
    bed.advance(Duration::seconds(900));
    REQUIRE(bed.flows() == 2);  // the connection stands, and what it came by
    const auto knock = [&](uint16_t port) {
        return bed.from_outside(Frame().ipv4(kServer, kPublic).tcp(port, kOwn, kSyn)).size();
    };
    CHECK(knock(1) == 0);
    REQUIRE(to_peer(kAck, 501).size() == 1);
    CHECK(knock(2) == 1);
}

TEST_CASE("mapping: it lives as long as a flow hangs on it", "[packet][rfc4787]") {
    Testbed bed(with(independent(Filtering::EndpointIndependent), kNoRest));
    REQUIRE(bed.from_inside(Frame().ipv4(kPeer, kServer).tcp(kOwn, 80, kSyn)).size() == 1);
    const auto connect = [&](uint8_t flags, uint32_t seq, uint32_t ack) {
        return bed.from_inside(Frame().ipv4(kHost, kServer).tcp(kOwn, 80, flags).seq(seq).ack(ack));
    };
    const auto out = connect(kSyn, 1000, 0);
    REQUIRE(out.size() == 1);
    const uint16_t port = out[0].source_port;
    REQUIRE(bed.from_outside(
                   Frame().ipv4(kServer, kPublic).tcp(80, port, kSyn | kAck).seq(7000).ack(1001))
                .size() == 1);
    REQUIRE(connect(kAck, 1001, 7001).size() == 1);
    bed.advance(Duration::seconds(1200));  // established, and idle
    CHECK(bed.flows() == 2);               // the flow and its mapping
    const auto in = bed.from_outside(Frame().ipv4(kOther, kPublic).tcp(9, port, kSyn));
    REQUIRE(in.size() == 1);
    CHECK(in[0].destination == kHost);

    flow::FlowTable& table = bed.gateway().table();
    {
        flow::Member operator_member(table);
        table.for_each_live(0, table.capacity(), [&](uint32_t i, const flow::FlowRecord& record) {
            const bool is_flow = record.kind() == flow::Kind::Flow;
            CHECK((is_flow || !operator_member.kill(i, record.life.load())));
        });
        table.for_each_live(0, table.capacity(), [&](uint32_t i, const flow::FlowRecord& record) {
            if (record.kind() == flow::Kind::Flow)
                CHECK(operator_member.kill(i, record.life.load()));
        });
    }
    bed.advance(Duration::seconds(130));  // the SYN from outside asked for two minutes
    CHECK(bed.flows() == 0);
}

TEST_CASE("mapping: workers that ask at once get the same", "[packet][rfc4787]") {
    Testbed bed(independent(Filtering::EndpointIndependent, kAll, pool::kAllPorts, 3));
    std::set<uint16_t> ports;
    for (uint16_t server_port = 1000; server_port < 1030; ++server_port)
        ports.insert(port_of(bed, kHost, kOwn, kServer, server_port));
    CHECK(ports.size() == 1);
    for (uint16_t client = 1000; client < 1030; ++client)
        for (int packet = 0; packet < 3; ++packet)
            REQUIRE(reaches(bed, kOther, client, kOwn, kHost, kOwn));
    CHECK(bed.count(Count::FlowsOpened) == 60);
}

TEST_CASE("mapping: a mapping that is reached by its public address sees a public source",
          "[packet][rfc4787][hairpin]") {
    Testbed bed(independent(Filtering::EndpointIndependent));
    REQUIRE(port_of(bed, kHost, kOwn, kServer, 53) == kOwn);
    const uint16_t peer = port_of(bed, kPeer, kOwn, kServer, 53);
    const auto in = hairpin(bed, kPeer, kOwn, kOwn);
    REQUIRE(in.size() == 1);
    CHECK(in[0].source == kPublic);
    CHECK(in[0].source_port == peer);
    CHECK(in[0].destination == kHost);
    CHECK(in[0].destination_port == kOwn);
    const auto back = hairpin(bed, kHost, kOwn, peer);
    REQUIRE(back.size() == 1);
    CHECK(back[0].source_port == kOwn);
    CHECK(back[0].destination == kPeer);
    CHECK(back[0].destination_port == kOwn);
    CHECK(bed.count(Count::FlowsHairpinned) == 1);
    CHECK(hairpin(bed, kPeer, kOwn, 7777).empty());
    CHECK(bed.dropped(Drop::Hairpin) == 1);
}

TEST_CASE("mapping: a hairpinned flow keeps both mappings, and no record beside them",
          "[packet][hairpin]") {
    Testbed bed(with(independent(Filtering::EndpointIndependent),
                     {.mapping_timeout = Duration::seconds(10), .port_hold = {}}));
    REQUIRE(port_of(bed, kHost, kOwn, kServer, 53) == kOwn);
    const uint16_t peer = port_of(bed, kPeer, kOwn, kServer, 53);
    REQUIRE(hairpin(bed, kPeer, kOwn, kOwn).size() == 1);
    CHECK(bed.flows() == 5);  // two mappings, two flows to the server and this
    for (int i = 0; i < 10; ++i) {
        bed.advance(Duration::seconds(20));
        REQUIRE(hairpin(bed, i % 2 == 0 ? kPeer : kHost, kOwn, i % 2 == 0 ? kOwn : peer).size() ==
                1);
    }
    CHECK(bed.count(Count::HoldersMade) == 2);
    CHECK(bed.count(Count::FlowsHairpinned) == 1);
    CHECK(bed.flows() == 3);
    bed.advance(Duration::seconds(200));
    CHECK(bed.flows() == 0);
}

TEST_CASE("filtering: two hosts behind the gateway punch holes for each other",
          "[packet][rfc4787][hairpin]") {
    const auto filtering = GENERATE(Filtering::EndpointDependent, Filtering::AddressDependent);
    Testbed bed(independent(filtering));
    REQUIRE(port_of(bed, kHost, kOwn, kServer, 53) == kOwn);
    REQUIRE(port_of(bed, kPeer, 5000, kServer, 53) == 5000);
    CHECK(hairpin(bed, kHost, kOwn, 5000).empty());
    CHECK(bed.dropped(Drop::Filtered) == 1);
    const auto in = hairpin(bed, kPeer, 5000, kOwn);
    REQUIRE(in.size() == 1);
    CHECK(in[0].source_port == 5000);
    CHECK(in[0].destination == kHost);
    const auto back = hairpin(bed, kHost, kOwn, 5000);
    REQUIRE(back.size() == 1);
    CHECK(back[0].destination == kPeer);
}

//= https://www.rfc-editor.org/rfc/rfc6888#section-4
//= type=test
//# Once an external port is deallocated, it SHOULD NOT be
//# reallocated to a new mapping until at least 120 seconds have
//# passed
TEST_CASE("mapping: a port that let everybody in rests before another host gets it",
          "[packet][rfc6888]") {
    constexpr pool::PortRange kOnlyOne{kOwn, kOwn};
    Testbed bed(independent(Filtering::EndpointIndependent, kAll, kOnlyOne));
    REQUIRE(port_of(bed, kHost, kOwn, kServer, 53) == kOwn);
    const Tick last = bed.now();
    const auto peer_opens = [&] {
        return bed.from_inside(Frame().ipv4(kPeer, kServer).udp(5000, 53)).size() == 1;
    };
    CHECK_FALSE(peer_opens());
    bed.advance(Duration::seconds(310));  // its 300 s are over
    const uint64_t unsolicited = bed.dropped(Drop::NoMapping);
    CHECK_FALSE(reaches(bed, kOther, 9, kOwn, kHost, kOwn));
    CHECK(bed.dropped(Drop::NoMapping) == unsolicited + 1);
    while (bed.now() - last < Duration::seconds(419)) {
        REQUIRE_FALSE(peer_opens());
        bed.advance(Duration::seconds(5));
    }
    bed.advance(Duration::seconds(5));
    CHECK(peer_opens());
    CHECK(reaches(bed, kOther, 9, kOwn, kPeer, 5000));
}

TEST_CASE("mapping: its own host revives a port that rests", "[packet][rfc6888]") {
    Testbed bed(independent(Filtering::EndpointIndependent));
    REQUIRE(port_of(bed, kPeer, kOwn, kServer, 53) == kOwn);
    const uint16_t port = port_of(bed, kHost, kOwn, kServer, 53);
    bed.advance(Duration::seconds(400));
    REQUIRE(bed.flows() == 2);  // both rest
    CHECK(hairpin(bed, kPeer, 5000, port).empty());
    CHECK(bed.dropped(Drop::Hairpin) == 1);
    CHECK(port_of(bed, kHost, kOwn, kOther, 53) == port);
    CHECK(reaches(bed, kServer, 9, port, kHost, kOwn));
    bed.advance(Duration::seconds(290));  // as long as any
    CHECK(reaches(bed, kServer, 10, port, kHost, kOwn));
    CHECK(bed.count(Count::HoldersMade) == 2);
}

TEST_CASE("mapping: a port does not rest where filters depend on who sends, or with --port-hold 0",
          "[packet][rfc6888]") {
    const auto filtering = GENERATE(Filtering::EndpointDependent, Filtering::AddressDependent,
                                    Filtering::EndpointIndependent);
    Testbed bed(
        with(independent(filtering, kAll, {kOwn, kOwn}),
             filtering == Filtering::EndpointIndependent ? kNoRest : policy::HolderParams{}));
    REQUIRE(port_of(bed, kHost, kOwn, kServer, 53) == kOwn);
    bed.advance(Duration::seconds(380));  // 300 s, and what control core and filters want to end
    CHECK(port_of(bed, kPeer, 5000, kServer, 53) == kOwn);
}

TEST_CASE("mapping: a short --mapping-timeout ends it soon, but not under a flow",
          "[packet][rfc4787]") {
    Testbed bed(with(independent(Filtering::EndpointIndependent),
                     {.mapping_timeout = Duration::seconds(2), .port_hold = {}}));
    REQUIRE(port_of(bed, kHost, kOwn, kServer, 53) == kOwn);
    for (int i = 0; i < 28; ++i) {
        bed.advance(Duration::seconds(1));
        REQUIRE(bed.flows() == 2);
        REQUIRE(reaches(bed, kServer, 53, kOwn, kHost, kOwn));
    }
    bed.advance(Duration::seconds(140));  // a stream's time, and a little
    CHECK(bed.flows() == 0);
}

}  // namespace mapping_test
