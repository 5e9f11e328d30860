// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// Packets of one flow that come in one burst. tests/model/bursts_model_test.cc draws what these
/// cases are taken from.

#include "catch.h"
#include "testbed.h"

namespace burst_test {

using namespace sluice;
using namespace sluice::test;
using net::Side;
using stats::Drop;

namespace {

Frame tcp(uint8_t flags, uint32_t seq, uint32_t ack = 0) {
    return Frame().ipv4(kHost, kServer).tcp(40000, 80, flags).seq(seq).ack(ack);
}

/// What leaves when hosts' frames come at once.
std::vector<Seen> burst(Testbed& bed, const std::vector<Frame>& frames) {
    for (Frame frame : frames)
        bed.inject(Side::Inside, frame.ether(mac_of(ip(kHost)), mac(0x11)).bytes());
    bed.run();
    return bed.take(Side::Outside);
}

}  // namespace

TEST_CASE("burst: a RST behind the SYN that opens its flow ends it", "[packet][linux]") {
    Testbed bed;
    const auto out = burst(bed, {tcp(kSyn, 100), tcp(kRst, 101)});
    REQUIRE(out.size() == 2);
    CHECK(out[1].tcp_flags == kRst);
    CHECK(bed.flows() == 0);
}

TEST_CASE("burst: a FIN behind the data that opens its flow passes", "[packet][linux]") {
    Testbed bed;
    const auto out = burst(bed, {tcp(kAck, 100, 500).payload(10), tcp(kFin | kAck, 110, 500)});
    REQUIRE(out.size() == 2);
    CHECK(out[1].tcp_flags == (kFin | kAck));
    CHECK(bed.flows() == 1);
}

TEST_CASE("burst: a packet whose TTL runs out is tracked if one before it opened its flow",
          "[packet]") {
    Testbed bed;
    CHECK(burst(bed, {tcp(kSyn, 100), tcp(kRst, 101).ttl(1)}).size() == 1);
    CHECK(bed.dropped(Drop::TtlExceeded) == 1);
    CHECK(bed.flows() == 0);
}

TEST_CASE("burst: a port that one packet frees is the next one's", "[packet]") {
    Testbed bed;
    REQUIRE(burst(bed, {tcp(kSyn, 100)}).size() == 1);
    const Frame other = Frame().ipv4("10.1.0.11", kServer).tcp(40000, 80, kSyn);
    const auto out = burst(bed, {tcp(kRst, 101), other});
    REQUIRE(out.size() == 2);
    CHECK(out[1].tcp_flags == kSyn);
    CHECK(out[1].source_port == 40000);
}

TEST_CASE("burst: an ICMP error behind the packet that opens its flow finds it", "[packet]") {
    Testbed bed;
    const Frame query = Frame().ipv4(kHost, kServer).udp(5000, 53).payload(8);
    const Frame answer = Frame().ipv4(kServer, kHost).udp(53, 5000).payload(8);
    const Frame error = Frame().ipv4(kHost, kServer).icmp_error(3, 3, answer.ip_bytes());
    CHECK(burst(bed, {query, error}).size() == 2);
    CHECK(bed.dropped(Drop::IcmpErrorUnknown) == 0);
}

TEST_CASE("burst: a fragment that comes twice passes twice, as it does alone", "[packet]") {
    Testbed bed;
    Frame whole = Frame().ipv4(kHost, kServer).udp(5000, 53).payload(64).id(7);
    whole.ether(mac_of(ip(kHost)), mac(0x11));
    const auto pieces = fragments_of(whole, 40);
    for (const Bytes& piece : {pieces[0], pieces[0], pieces[1]})
        bed.inject(Side::Inside, piece);
    bed.run();
    CHECK(bed.take(Side::Outside).size() == 3);
}

}  // namespace burst_test
