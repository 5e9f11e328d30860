// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// Traffic that ought not to pass: each kind ends by its own name, and nothing of it leaves.

#include "catch.h"
#include "testbed.h"

using namespace sluice;
using namespace sluice::test;
using route::Side;
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
        {Drop::IpOptions, udp().ip_options({1, 1, 1, 0})},
        {Drop::IpChecksum, udp().bad_ip_checksum()},
        {Drop::TransportChecksum, udp().bad_transport_checksum()},
        {Drop::TransportChecksum, tcp().bad_transport_checksum()},
        {Drop::TransportHeader, tcp().tcp_header_words(4)},
        {Drop::TransportHeader, udp().udp_length(7)},
        {Drop::TtlZero, udp().ttl(0)},
        {Drop::Fragment, udp().fragment(0, true)},
        {Drop::Fragment, udp().fragment(64, false)},
        {Drop::ProtocolUnsupported, Frame().ipv4(kHost, kServer).protocol(47).payload(20)},
        {Drop::IcmpType, Frame().ipv4(kHost, kServer).icmp(13, 0).payload(12)},
        {Drop::InvalidUntrackedIcmp, Frame().ipv4(kHost, kServer).echo_reply(9)},
        {Drop::NotIpv4, udp().ether_type(0x86dd)},
        {Drop::NotIpv4, udp().vlan(7)},
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
    for (uint16_t port = 5000; port < 5016; ++port)
        REQUIRE(bed.from_inside(Frame().ipv4(kHost, kServer).udp(port, 53)).size() == 1);
    CHECK(bed.from_inside(Frame().ipv4(kHost, kServer).udp(6000, 53)).empty());
    CHECK(bed.dropped(Drop::TableFull) == 1);
    CHECK(bed.flows() == 16);
    CHECK(bed.from_outside(Frame().ipv4(kServer, kPublic).udp(53, 5003)).size() == 1);
}

TEST_CASE("refuse: what the port does not take is counted", "[packet]") {
    Testbed bed;
    REQUIRE(bed.from_inside(Frame().ipv4(kHost, kServer).udp(5000, 53)).size() == 1);
    bed.port(Side::Outside).limit_transmit(0);
    CHECK(bed.from_inside(Frame().ipv4(kHost, kServer).udp(5000, 53)).empty());
    CHECK(bed.dropped(Drop::TxFull) == 1);
}
