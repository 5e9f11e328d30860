// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// Traffic that ought not to pass: each kind ends by its own name, and nothing of it leaves.

#include "catch.h"
#include "testbed.h"

namespace refuse_test {

using namespace sluice;
using namespace sluice::test;
using net::Side;
using stats::Count;
using stats::Drop;

TEST_CASE("refuse: a first packet that no connection starts with never leaves",
          "[packet][tcp][leak]") {
    struct Row {
        uint8_t flags;
        Drop reason;
    };
    const Row row = GENERATE(values<Row>({
        {kFin, Drop::InvalidFlags},
        {kFin | kAck, Drop::InvalidUntrackedFin},
        {kRst, Drop::InvalidUntrackedRst},
        {kRst | kAck, Drop::InvalidUntrackedRst},
        {kSyn | kAck, Drop::InvalidUntrackedSynAck},
        {0, Drop::InvalidFlags},
        {kFin | kPsh | kUrg, Drop::InvalidFlags},
        {kSyn | kFin, Drop::InvalidFlags},
        {kSyn | kRst, Drop::InvalidFlags},
    }));
    const unsigned workers = GENERATE(1u, 2u);
    CAPTURE(int{row.flags}, workers);
    Testbed bed({.workers = workers});
    CHECK(bed.from_inside(Frame().ipv4(kHost, kServer).tcp(40000, 80, row.flags)).empty());
    CHECK(bed.dropped(row.reason) == 1);
    CHECK(bed.flows() == 0);
}

TEST_CASE("refuse: an ACK without a flow passes translated, or with loose off not at all",
          "[packet][tcp]") {
    Testbed loose;
    const auto out = loose.from_inside(Frame().ipv4(kHost, kServer).tcp(40000, 80, kAck));
    REQUIRE(out.size() == 1);
    CHECK(out[0].source == kPublic);

    Testbed strict({.configure = [](config::Config& config) { config.tuning.tcp_loose = false; }});
    CHECK(strict.from_inside(Frame().ipv4(kHost, kServer).tcp(40000, 80, kAck)).empty());
    CHECK(strict.dropped(Drop::InvalidUntrackedAck) == 1);
}

TEST_CASE("refuse: from outside nothing comes in without a flow", "[packet]") {
    Testbed bed;
    CHECK(bed.from_outside(Frame().ipv4(kServer, kPublic).tcp(80, 40000, kSyn)).empty());
    CHECK(bed.from_outside(Frame().ipv4(kServer, kPublic).udp(53, 5000)).empty());
    CHECK(bed.from_outside(Frame().ipv4(kServer, kPublic).echo_reply(7)).empty());
    CHECK(bed.dropped(Drop::NoMapping) == 3);
}

TEST_CASE("refuse: only the server that a flow goes to may answer it", "[packet][rfc4787]") {
    Testbed bed;
    REQUIRE(bed.from_inside(Frame().ipv4(kHost, kServer).udp(5000, 53)).size() == 1);
    CHECK(bed.from_outside(Frame().ipv4("203.0.113.11", kPublic).udp(53, 5000)).empty());
    CHECK(bed.from_outside(Frame().ipv4(kServer, kPublic).udp(54, 5000)).empty());
    CHECK(bed.dropped(Drop::NoMapping) == 2);
}

TEST_CASE("refuse: what is addressed straight to an inside host is dropped outside",
          "[packet][leak]") {
    Testbed bed;
    CHECK(bed.from_outside(Frame().ipv4(kServer, kHost).tcp(80, 40000, kSyn)).empty());
    CHECK(bed.dropped(Drop::OutsideToInside) == 1);
}

TEST_CASE("refuse: a segment that the flow's state forbids is dropped", "[packet][tcp]") {
    Testbed bed;
    REQUIRE(bed.from_inside(Frame().ipv4(kHost, kServer).tcp(40000, 80, kSyn)).size() == 1);
    CHECK(bed.from_inside(Frame().ipv4(kHost, kServer).tcp(40000, 80, kFin | kAck)).empty());
    CHECK(bed.dropped(Drop::InvalidTransition) == 1);
}

TEST_CASE("refuse: broken packets end by name", "[packet]") {
    struct Row {
        Drop reason;
        Frame frame;
    };
    const auto udp = [] { return Frame().ipv4(kHost, kServer).udp(5000, 53).payload(8); };
    const auto tcp = [] { return Frame().ipv4(kHost, kServer).tcp(40000, 80, kSyn); };
    const std::vector<Row> rows{
        {Drop::IpVersion, udp().ip_version(6)},
        {Drop::IpHeaderLength, udp().ip_header_words(4)},
        {Drop::IpLength, udp().ip_total_length(19)},
        {Drop::Truncated, udp().ip_total_length(200)},
        {Drop::IpOptions, udp().ip_options({7, 7, 4, 0, 0, 0, 0, 0})},
        {Drop::IpSourceRoute, udp().ip_options({1, 137, 7, 4, 9, 9, 9, 9})},
        {Drop::IpChecksum, udp().bad_ip_checksum()},
        {Drop::TransportChecksum, udp().bad_transport_checksum()},
        {Drop::TransportChecksum, tcp().bad_transport_checksum()},
        {Drop::TransportHeader, tcp().tcp_header_words(4)},
        {Drop::TransportHeader, udp().udp_length(7)},
        {Drop::TtlZero, udp().ttl(0)},
        {Drop::TransportHeader, Frame().ipv4(kHost, kServer).udp_lite(1, 2, 7)},
        {Drop::TransportChecksum,
         Frame().ipv4(kHost, kServer).udp_lite(1, 2).bad_transport_checksum()},
        {Drop::FragmentInvalid, udp().payload(9).fragment(64, true)},
        {Drop::IcmpType, Frame().ipv4(kHost, kServer).icmp(10, 0).payload(12)},
        {Drop::InvalidUntrackedIcmp, Frame().ipv4(kHost, kServer).echo_reply(9)},
        {Drop::NotIpv4, udp().ether_type(0x86dd)},
    };
    for (const Row& row : rows) {
        CAPTURE(std::string(stats::drop_name(row.reason)));
        Testbed bed;
        CHECK(bed.from_inside(row.frame).empty());
        CHECK(bed.dropped(row.reason) == 1);
        CHECK(bed.flows() == 0);
    }
}

TEST_CASE("refuse: frames for other hosts and for all are not taken", "[packet]") {
    Testbed bed;
    const auto frame = [](const MacAddress& to) {
        return Frame().ether(mac_of(ip(kHost)), to).ipv4(kHost, kServer).udp(5000, 53).bytes();
    };
    bed.inject(Side::Inside, frame(mac(0x77)));
    bed.inject(Side::Inside, frame({0xff, 0xff, 0xff, 0xff, 0xff, 0xff}));
    bed.run();
    CHECK(bed.take(Side::Outside).empty());
    CHECK(bed.dropped(Drop::NotForUs) == 1);
    CHECK(bed.dropped(Drop::MulticastOrBroadcast) == 1);
}

TEST_CASE("refuse: checksums pass unseen when nobody is to look", "[packet]") {
    Testbed bed({.configure = [](config::Config& config) {
        config.verify_checksum = config::VerifyChecksum::Never;
    }});
    const auto out =
        bed.from_inside(Frame().ipv4(kHost, kServer).udp(5000, 53).bad_transport_checksum());
    REQUIRE(out.size() == 1);
    CHECK_FALSE(out[0].transport_checksum_ok);
}

TEST_CASE("refuse: a full table drops the new and keeps the old", "[packet]") {
    Testbed bed({.flows = 16});
    const auto open = [&](uint16_t port) {
        return bed.from_inside(Frame().ipv4(kHost, kServer).udp(port, 53)).size() == 1;
    };
    const auto answer = [&](uint16_t port) {
        return bed.from_outside(Frame().ipv4(kServer, kPublic).udp(53, port)).size() == 1;
    };
    for (uint16_t port = 5000; port < 5016; ++port)
        REQUIRE((open(port) && answer(port)));
    bed.tick(Duration{2500});
    for (uint16_t port = 5000; port < 5016; ++port)  // streams now, and ASSURED
        REQUIRE(open(port));
    CHECK_FALSE(open(6000));
    CHECK(bed.dropped(Drop::TableFull) == 1);
    CHECK(bed.flows() == 16);
    CHECK(answer(5003));
}

TEST_CASE("refuse: what the port does not take is counted", "[packet]") {
    Testbed bed;
    REQUIRE(bed.from_inside(Frame().ipv4(kHost, kServer).udp(5000, 53)).size() == 1);
    bed.port(Side::Outside).limit_transmit(0);
    CHECK(bed.from_inside(Frame().ipv4(kHost, kServer).udp(5000, 53)).empty());
    CHECK(bed.dropped(Drop::TxFull) == 1);
}

namespace {

/// Opens a connection from kHost, port 40000, whose next number is 1001, to kServer, port 80, whose
/// next number is 7001; each has offered 8192 bytes.
void connect(Testbed& bed) {
    const auto there = [] { return Frame().ipv4(kHost, kServer).window(8192); };
    const auto back = [] { return Frame().ipv4(kServer, kPublic).window(8192); };
    REQUIRE(bed.from_inside(there().tcp(40000, 80, kSyn).seq(1000)).size() == 1);
    REQUIRE(bed.from_outside(back().tcp(80, 40000, kSyn | kAck).seq(7000).ack(1001)).size() == 1);
    REQUIRE(bed.from_inside(there().tcp(40000, 80, kAck).seq(1001).ack(7001)).size() == 1);
    REQUIRE(bed.from_outside(back().tcp(80, 40000, kAck).seq(7001).ack(1001)).size() == 1);
}

Frame from_server(uint8_t flags) {
    return Frame().ipv4(kServer, kPublic).tcp(80, 40000, flags).seq(7001).ack(1001);
}
Frame from_host(uint8_t flags) {
    return Frame().ipv4(kHost, kServer).tcp(40000, 80, flags).seq(1001).ack(7001);
}

TestbedOptions rejecting(unsigned rate = 1000) {
    return {.configure = [rate](config::Config& config) {
        config.invalid = config::Invalid::Reject;
        config.reject_rate = rate;
    }};
}

}  // namespace

TEST_CASE("refuse: what is out of window is dropped by name, in both directions", "[packet][tcp]") {
    Testbed bed({.workers = GENERATE(1u, 2u)});
    connect(bed);
    CHECK(bed.from_outside(from_server(kAck).seq(7001 + 20000)).empty());
    CHECK(bed.from_inside(from_host(kAck).seq(1001 + 20000)).empty());
    CHECK(bed.dropped(Drop::InvalidWindowAbove) == 2);
    CHECK(bed.from_outside(from_server(kAck).ack(1002)).empty());
    CHECK(bed.from_inside(from_host(kAck).ack(7002)).empty());
    CHECK(bed.dropped(Drop::InvalidAckUnsent) == 2);
    CHECK(bed.from_outside(from_server(kRst).seq(7000)).empty());
    CHECK(bed.dropped(Drop::InvalidRst) == 1);

    CHECK(bed.from_outside(from_server(kAck).payload(100)).size() == 1);
    CHECK(bed.from_inside(from_host(kAck).ack(7101)).size() == 1);
}

TEST_CASE("refuse: liberal, only a RST must be in order", "[packet][tcp]") {
    Testbed bed({.configure = [](config::Config& config) { config.tuning.tcp_be_liberal = true; }});
    connect(bed);
    CHECK(bed.from_outside(from_server(kAck).seq(7001 + 20000)).size() == 1);
    CHECK(bed.from_inside(from_host(kAck).ack(9999)).size() == 1);
    CHECK(bed.from_outside(from_server(kRst).seq(7000)).empty());
    CHECK(bed.dropped(Drop::InvalidRst) == 1);
}

TEST_CASE("refuse: rejecting, an inside host gets a RST where its ACK expects one",
          "[packet][tcp][reject]") {
    Testbed bed(rejecting());
    CHECK(bed.from_inside(from_host(kFin | kAck).payload(7)).empty());
    const auto in = bed.take(Side::Inside);
    REQUIRE(in.size() == 1);
    CHECK(summary(in[0]) == "tcp 203.0.113.10:80 > 10.1.0.10:40000 flags=R ttl=64 payload=0");
    CHECK(in[0].checksums_ok());
    CHECK(in[0].seq == 7001);
    CHECK(in[0].destination_mac == mac_of(ip(kHost)));
    CHECK(bed.dropped(Drop::InvalidUntrackedFin) == 1);
    CHECK(bed.count(Count::TcpResets) == 1);
    CHECK(bed.take(Side::Outside).empty());
}

TEST_CASE("refuse: rejecting, a segment without ACK is acknowledged whole",
          "[packet][tcp][reject]") {
    Testbed bed(rejecting());
    CHECK(bed.from_inside(from_host(kSyn | kFin).payload(7)).empty());
    const auto in = bed.take(Side::Inside);
    REQUIRE(in.size() == 1);
    CHECK(in[0].tcp_flags == (kRst | kAck));
    CHECK(in[0].seq == 0);
    CHECK(in[0].ack == 1001 + 7 + 2);
}

TEST_CASE("refuse: rejecting, a segment out of its flow's window is answered, too",
          "[packet][tcp][reject]") {
    Testbed bed(rejecting());
    connect(bed);
    CHECK(bed.from_inside(from_host(kAck).ack(9999)).empty());
    const auto in = bed.take(Side::Inside);
    REQUIRE(in.size() == 1);
    CHECK(in[0].tcp_flags == kRst);
    CHECK(in[0].seq == 9999);
}

TEST_CASE("refuse: rejecting, no RST answers a RST, nor anything from outside",
          "[packet][tcp][reject]") {
    Testbed bed(rejecting());
    CHECK(bed.from_inside(from_host(kRst)).empty());
    CHECK(bed.from_inside(from_host(kRst | kAck)).empty());
    CHECK(bed.from_inside(Frame().ipv4(kHost, kServer).echo_reply(7)).empty());
    CHECK(bed.from_outside(from_server(kAck)).empty());
    connect(bed);
    CHECK(bed.from_outside(from_server(kAck).ack(9999)).empty());
    CHECK(bed.take(Side::Inside).empty());
    CHECK(bed.take(Side::Outside).empty());
    CHECK(bed.count(Count::TcpResets) == 0);
}

TEST_CASE("refuse: dropping is the default, and silent", "[packet][tcp][reject]") {
    Testbed bed;
    CHECK(bed.from_inside(from_host(kFin | kAck)).empty());
    CHECK(bed.take(Side::Inside).empty());
}

TEST_CASE("refuse: RSTs are limited in all", "[packet][tcp][reject]") {
    Testbed bed(rejecting(GENERATE(0u, 1000u)));
    for (int i = 0; i < 200; ++i)
        CHECK(bed.from_inside(from_host(kFin | kAck)).empty());
    const uint64_t sent = bed.take(Side::Inside).size();
    CHECK((sent == 0 || sent == 50));
    CHECK(bed.count(Count::TcpResets) == sent);
    CHECK(bed.count(Count::TcpResetsSuppressed) == 200 - sent);
}

}  // namespace refuse_test
