// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// RSTs: with --tcp-strict one that is not exact is asked back about; what one ends holds its port.

#include "catch.h"
#include "ftp_control.h"
#include "testbed.h"

namespace rst_test {

using namespace sluice;
using namespace sluice::test;
using net::Side;
using stats::Count;
using stats::Drop;

namespace {

constexpr uint16_t kClientPort = 40000;

TestbedOptions strict(unsigned workers = 1) {
    return {.workers = workers,
            .configure = [](config::Config& config) { config.tuning.tcp_strict = true; }};
}

/// A connection through a testbed, the server of which has sent a byte at 7001.
struct Connected {
    explicit Connected(Testbed& testbed) : bed(testbed) {
        REQUIRE(out(kSyn, 1000, 0).size() == 1);
        REQUIRE(in(kSyn | kAck, 7000).size() == 1);
        REQUIRE(out(kAck, 1001, 7001).size() == 1);
    }
    std::vector<Seen> in(uint8_t flags, uint32_t seq) {
        return bed.from_outside(
            Frame().ipv4(kServer, kPublic).tcp(80, kClientPort, flags).seq(seq).ack(1001));
    }
    std::vector<Seen> out(uint8_t flags, uint32_t seq, uint32_t ack) {
        return bed.from_inside(
            Frame().ipv4(kHost, kServer).tcp(kClientPort, 80, flags).seq(seq).ack(ack));
    }

    Testbed& bed;
};

}  // namespace

TEST_CASE("rst: with --tcp-strict a refused attempt's port stays its host's for a while",
          "[packet][tcp]") {
    constexpr auto kOther = "10.1.0.11";
    const bool strict = GENERATE(false, true);
    Testbed bed(
        {.configure = [strict](config::Config& config) { config.tuning.tcp_strict = strict; }});
    const auto connect = [&](const char* host) {
        return bed.from_inside(Frame().ipv4(host, kServer).tcp(40000, 80, kSyn).seq(1000));
    };
    REQUIRE(connect(kHost).size() == 1);
    REQUIRE(bed.from_outside(Frame().ipv4(kServer, kPublic).tcp(80, 40000, kRst | kAck).ack(1001))
                .size() == 1);
    auto out = connect(kOther);
    REQUIRE(out.size() == 1);
    CHECK((out[0].source_port != 40000) == strict);
    if (!strict)
        return;
    out = connect(kHost);
    REQUIRE(out.size() == 1);
    CHECK(out[0].source_port == 40000);
    bed.advance(Duration::seconds(13));  // --timeout-tcp-close, and what ageing takes
    out = connect("10.1.0.12");
    REQUIRE(out.size() == 1);
    CHECK(out[0].source_port == 40000);
}

TEST_CASE(
    "rst: with --reset-hold a port is not another's while it lasts, of a refused attempt and of "
    "a connection",
    "[packet][tcp]") {
    const bool was_connected = GENERATE(false, true);
    const int hold = GENERATE(0, 60);
    Testbed bed({.configure = [hold](config::Config& config) {
        config.tuning.tcp_reset_hold = Duration::seconds(hold);
    }});
    const auto port_of = [&](const char* host) {
        const auto out =
            bed.from_inside(Frame().ipv4(host, kServer).tcp(kClientPort, 80, kSyn).seq(5));
        return out.size() == 1 ? out[0].source_port : uint16_t{0};
    };
    if (was_connected)
        CHECK(Connected(bed).in(kRst, 7001).size() == 1);
    else
        CHECK(port_of(kHost) == kClientPort);
    if (!was_connected)
        CHECK(bed.from_outside(
                     Frame().ipv4(kServer, kPublic).tcp(80, kClientPort, kRst | kAck).ack(6))
                  .size() == 1);
    bed.advance(Duration::seconds(13));  // --timeout-tcp-close, and what ageing takes
    CHECK((port_of("10.1.0.11") == kClientPort) == (hold == 0));
    if (hold == 0)
        return;
    bed.advance(Duration::seconds(50));
    CHECK(port_of("10.1.0.12") == kClientPort);
}

TEST_CASE(
    "rst: with --tcp-strict the server's RST in the window is asked back about, and its answer "
    "ends the connection",
    "[packet][tcp][rfc5961]") {
    const bool is_strict = GENERATE(false, true);
    Testbed bed(is_strict ? strict(GENERATE(1u, 3u)) : TestbedOptions{});
    Connected tcp(bed);
    CHECK(tcp.in(kRst, 7051).size() == (is_strict ? 0 : 1));
    const auto asked = bed.take(Side::Outside);
    CHECK(bed.dropped(Drop::RstChallenged) == (is_strict ? 1 : 0));
    CHECK(bed.count(Count::TcpChallenges) == (is_strict ? 1 : 0));
    REQUIRE(asked.size() == (is_strict ? 1 : 0));
    if (is_strict) {
        CHECK(summary(asked[0]) ==
              "tcp 198.51.100.1:40000 > 203.0.113.10:80 flags=A ttl=64 payload=0");
        CHECK(asked[0].checksums_ok());
        CHECK(asked[0].seq == 1001);
        CHECK(asked[0].ack == 7001);
        CHECK(asked[0].window != 0);
    }
    bed.advance(Duration::seconds(20));
    CHECK((bed.flows() == 1) == is_strict);
    if (!is_strict)
        return;
    REQUIRE(tcp.in(kRst, asked[0].ack).size() == 1);
    bed.advance(Duration::seconds(20));
    CHECK(bed.flows() == 0);
}

TEST_CASE("rst: with --tcp-strict an inside host's is asked back about in the server's name",
          "[packet][tcp][rfc5961]") {
    Testbed bed(strict());
    Connected tcp(bed);
    REQUIRE(tcp.in(kAck, 7001).size() == 1);
    CHECK(tcp.out(kRst, 1051, 0).empty());
    const auto asked = bed.take(Side::Inside);
    REQUIRE(asked.size() == 1);
    CHECK(summary(asked[0]) == "tcp 203.0.113.10:80 > 10.1.0.10:40000 flags=A ttl=64 payload=0");
    CHECK(asked[0].destination_mac == mac_of(ip(kHost)));
    CHECK(asked[0].seq == 7001);
    CHECK(asked[0].ack == 1001);
    CHECK(tcp.out(kRst, asked[0].ack, 0).size() == 1);
}

TEST_CASE("rst: nobody is asked back about more than so many a second, whatever others are",
          "[packet][tcp][rfc5961]") {
    Testbed bed(strict());
    Connected tcp(bed);
    for (int i = 0; i < 120; ++i)
        CHECK(tcp.in(kRst, 7051).empty());
    CHECK(bed.count(Count::TcpChallenges) == 50);
    CHECK(bed.count(Count::TcpChallengesSuppressed) == 70);
    CHECK(bed.dropped(Drop::RstChallenged) == 120);
    bed.take(Side::Outside);
    // Whom the inside host's are asked back to is on the other side.
    REQUIRE(tcp.in(kAck, 7001).size() == 1);
    CHECK(tcp.out(kRst, 1051, 0).empty());
    CHECK(bed.count(Count::TcpChallenges) == 51);
}

TEST_CASE("rst: who is asked back about a helped connection reads its own numbers",
          "[packet][tcp][helper]") {
    Testbed bed(with(helped(), [](config::Config& config) { config.tuning.tcp_strict = true; }));
    Control control(bed);
    control.says_port(40'001);  // says more bytes to the server than the client has sent
    REQUIRE(control.client_next() != control.server_heard());
    control.server_says("200 PORT command successful.\r\n");
    bed.take(Side::Outside);
    CHECK(bed.from_outside(control.server_frame(kRst, control.server_next() + 50, 0)).empty());
    auto asked = bed.take(Side::Outside);
    REQUIRE(asked.size() == 1);
    CHECK(asked[0].seq == control.server_heard());

    REQUIRE(
        bed.from_inside(control.client_frame(kAck, control.client_next(), control.server_next()))
            .size() == 1);
    bed.take(Side::Inside);
    CHECK(bed.from_inside(control.client_frame(kRst, control.client_next() + 50, 0)).empty());
    asked = bed.take(Side::Inside);
    REQUIRE(asked.size() == 1);
    CHECK(asked[0].ack == control.client_next());
}

}  // namespace rst_test
