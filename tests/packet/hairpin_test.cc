// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// Hairpinning: inside hosts reach each other by public addresses, and see public addresses.

#include "catch.h"
#include "testbed.h"

namespace hairpin_test {

using namespace sluice;
using namespace sluice::test;
using net::Protocol;
using net::Side;
using stats::Count;
using stats::Drop;

namespace {

constexpr auto kWeb = "10.1.0.20";      // its port 80 is public as kPublic:8080
constexpr auto kWhole = "10.1.0.30";    // has an address of its own
constexpr auto kOwn = "198.51.100.30";  // this

void configure(config::Config& config) {
    config.forwards = {
        {Protocol::Tcp, {ip(kPublic), Be16::from_host(8080)}, {ip(kWeb), Be16::from_host(80)}}};
    config.one_to_one = {{ip(kOwn), ip(kWhole)}};
}

/// A gateway with a forward and a one-to-one address, whose outside wire must stay silent.
struct Bench {
    /// What comes back in when an inside host sends `frame`.
    std::vector<Seen> send(const Frame& frame) {
        REQUIRE(bed.from_inside(frame).empty());
        return bed.take(Side::Inside);
    }

    unsigned workers = 1;
    Testbed bed{{.workers = workers, .configure = configure}};
};

}  // namespace

//= https://www.rfc-editor.org/rfc/rfc4787#section-6
//= type=test
//# A NAT MUST support "Hairpinning".
TEST_CASE("hairpin: a host reaches another by its forwarded port", "[packet][tcp]") {
    Bench bench;
    const auto in = bench.send(Frame().ipv4(kHost, kPublic).tcp(40000, 8080, kSyn));
    REQUIRE(in.size() == 1);
    // The other host sees a public source.
    CHECK(in[0].source == kPublic);
    CHECK(in[0].source_port == 40000);
    CHECK(in[0].destination == kWeb);
    CHECK(in[0].destination_port == 80);
    CHECK(in[0].destination_mac == mac_of(ip(kWeb)));
    CHECK(in[0].ttl == 63);
    CHECK(in[0].checksums_ok());

    const auto back =
        bench.send(Frame().ipv4(kWeb, kPublic).tcp(80, 40000, kSyn | kAck).seq(7000).ack(1001));
    REQUIRE(back.size() == 1);
    CHECK(back[0].source == kPublic);
    CHECK(back[0].source_port == 8080);
    CHECK(back[0].destination == kHost);
    CHECK(back[0].destination_port == 40000);
    CHECK(back[0].destination_mac == mac_of(ip(kHost)));
    CHECK(back[0].checksums_ok());

    CHECK(bench.send(Frame().ipv4(kHost, kPublic).tcp(40000, 8080, kAck).seq(1001).ack(7001))
              .size() == 1);
    CHECK(static_cast<conntrack::TcpState>(bench.bed.only_flow().state.load()) ==
          conntrack::TcpState::Established);
    CHECK(bench.bed.count(Count::FlowsHairpinned) == 1);
}

TEST_CASE("hairpin: a host reaches itself by its forwarded port", "[packet][tcp]") {
    Bench bench;
    const auto in = bench.send(Frame().ipv4(kWeb, kPublic).tcp(40000, 8080, kSyn));
    REQUIRE(in.size() == 1);
    CHECK(in[0].source == kPublic);
    CHECK(in[0].destination == kWeb);
    const auto back = bench.send(
        Frame().ipv4(kWeb, kPublic).tcp(80, in[0].source_port, kSyn | kAck).seq(7000).ack(1001));
    REQUIRE(back.size() == 1);
    CHECK(back[0].destination_port == 40000);
    CHECK(back[0].source_port == 8080);
}

TEST_CASE("hairpin: both ends may have addresses of their own", "[packet][icmp]") {
    Bench bench;
    const auto in = bench.send(Frame().ipv4(kHost, kOwn).echo_request(9).payload(56));
    REQUIRE(in.size() == 1);
    CHECK(in[0].source == kPublic);
    CHECK(in[0].destination == kWhole);
    const auto back =
        bench.send(Frame().ipv4(kWhole, kPublic).echo_reply(in[0].identifier).payload(56));
    REQUIRE(back.size() == 1);
    CHECK(back[0].source == kOwn);
    CHECK(back[0].destination == kHost);
    CHECK(back[0].identifier == 9);
    CHECK(back[0].checksums_ok());

    const auto web = bench.send(Frame().ipv4(kWhole, kPublic).tcp(40000, 8080, kSyn));
    REQUIRE(web.size() == 1);
    CHECK(web[0].source == kOwn);
    CHECK(web[0].source_port == 40000);
    CHECK(web[0].destination == kWeb);
}

TEST_CASE("hairpin: hosts with the same source port are told apart", "[packet][udp]") {
    Bench bench;
    const auto first = bench.send(Frame().ipv4(kHost, kOwn).udp(5000, 53));
    const auto second = bench.send(Frame().ipv4("10.1.0.11", kOwn).udp(5000, 53));
    REQUIRE(first.size() == 1);
    REQUIRE(second.size() == 1);
    CHECK(first[0].source_port == 5000);
    CHECK(second[0].source_port != 5000);
    const auto back = bench.send(Frame().ipv4(kWhole, kPublic).udp(53, second[0].source_port));
    REQUIRE(back.size() == 1);
    CHECK(back[0].destination == "10.1.0.11");
    CHECK(back[0].destination_port == 5000);
}

TEST_CASE("hairpin: a public endpoint that nobody holds is refused by name", "[packet]") {
    Bench bench;
    CHECK(bench.send(Frame().ipv4(kHost, kPublic).tcp(40000, 8081, kSyn)).empty());
    CHECK(bench.send(Frame().ipv4(kHost, kPublic).udp(40000, 8080)).empty());
    CHECK(bench.bed.dropped(Drop::Hairpin) == 2);
    CHECK(bench.bed.flows() == 0);
}

TEST_CASE("hairpin: the gateway's own errors go back inside", "[packet][icmp]") {
    Bench bench;
    const auto in = bench.send(Frame().ipv4(kHost, kPublic).tcp(40000, 8080, kSyn).ttl(1));
    REQUIRE(in.size() == 1);
    CHECK(in[0].icmp_type == 11);
    CHECK(in[0].source == "10.1.0.1");
    CHECK(bench.bed.flows() == 0);
}

TEST_CASE("hairpin: ICMP errors of both ends and of routers between them arrive, and fit",
          "[packet][icmp][rfc5508]") {
    Bench bench{.workers = GENERATE(1u, 3u)};
    const std::string router = GENERATE(as<std::string>(), "", "10.1.0.77", "172.16.9.9");
    const auto sent = [](const char* from, uint16_t port, const char* to, uint16_t to_port) {
        return Frame().ipv4(from, to).udp(port, to_port).payload(30);
    };
    // Another host takes the port, so that kHost's changes on the way.
    REQUIRE(bench.send(sent("10.1.0.11", 5000, kOwn, 53)).size() == 1);
    const auto opened = bench.send(sent(kHost, 5000, kOwn, 53));
    REQUIRE(opened.size() == 1);
    const uint16_t changed = opened[0].source_port;
    REQUIRE(changed != 5000);

    const auto back =
        bench.send(Frame()
                       .ipv4(router.empty() ? kWhole : router, kPublic)
                       .icmp_error(3, 3, sent(kPublic, changed, kWhole, 53).ip_bytes()));
    REQUIRE(back.size() == 1);
    CHECK(back[0].source == kOwn);
    CHECK(back[0].destination == kHost);
    CHECK(back[0].destination_mac == mac_of(ip(kHost)));
    CHECK(back[0].checksums_ok());
    CHECK(back[0].payload == sent(kHost, 5000, kOwn, 53).ip_bytes());

    REQUIRE(bench.send(sent(kWhole, 53, kPublic, changed)).size() == 1);
    const auto there = bench.send(Frame()
                                      .ipv4(router.empty() ? kHost : router, kOwn)
                                      .icmp_error(11, 1, sent(kOwn, 53, kHost, 5000).ip_bytes()));
    REQUIRE(there.size() == 1);
    CHECK(there[0].source == kPublic);
    CHECK(there[0].destination == kWhole);
    CHECK(there[0].checksums_ok());
    CHECK(there[0].payload == sent(kWhole, 53, kPublic, changed).ip_bytes());
}

TEST_CASE("hairpin: an ICMP error about what nobody sent ends by name", "[packet][icmp]") {
    Bench bench;
    REQUIRE(bench.send(Frame().ipv4(kHost, kOwn).udp(5000, 53)).size() == 1);
    const auto error = [](const char* to, const Frame& quoted) {
        return Frame().ipv4(kWhole, to).icmp_error(3, 3, quoted.ip_bytes());
    };
    CHECK(bench.send(error(kPublic, Frame().ipv4(kPublic, kWhole).udp(5001, 53))).empty());
    CHECK(bench.bed.dropped(Drop::IcmpErrorUnknown) == 1);
    CHECK(bench.send(error(kOwn, Frame().ipv4(kPublic, kWhole).udp(5000, 53))).empty());
    CHECK(bench.bed.dropped(Drop::IcmpErrorMismatch) == 1);
}

TEST_CASE("hairpin: a flow is one worker's, from whichever queue its packets come",
          "[packet][udp]") {
    Bench bench{3};
    for (uint16_t port = 5000; port < 5016; ++port) {
        const auto in = bench.send(Frame().ipv4(kHost, kOwn).udp(port, 53));
        REQUIRE(in.size() == 1);
        for (int packet = 0; packet < 4; ++packet) {
            const auto back = bench.send(Frame().ipv4(kWhole, kPublic).udp(53, in[0].source_port));
            REQUIRE(back.size() == 1);
            REQUIRE(back[0].destination == kHost);
            REQUIRE(back[0].destination_port == port);
        }
    }
    CHECK(bench.bed.flows() == 16);
    CHECK(bench.bed.count(Count::Handoff) > 0);
}

}  // namespace hairpin_test
