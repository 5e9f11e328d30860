// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// --mss-clamp: what SYN and SYN/ACK offer fits the path, in both directions.

#include "catch.h"
#include "testbed.h"

namespace mss_clamp_test {

using namespace sluice;
using namespace sluice::test;
using config::MssClamp;
using stats::Count;

namespace {

TestbedOptions clamping(MssClamp clamp, uint16_t mss = 0) {
    return {.configure = [=](config::Config& config) {
        config.mss_clamp = clamp;
        config.mss = mss;
    }};
}

Bytes mss(uint16_t value) {
    return {2, 4, static_cast<uint8_t>(value >> 8), static_cast<uint8_t>(value)};
}

Frame syn(uint16_t offered, uint8_t flags = kSyn) {
    return Frame().ipv4(kHost, kServer).tcp(40000, 80, flags).tcp_options(mss(offered)).seq(1000);
}
Frame syn_ack(uint16_t offered) {
    return Frame()
        .ipv4(kServer, kPublic)
        .tcp(80, 40000, kSyn | kAck)
        .tcp_options(mss(offered))
        .seq(7000)
        .ack(1001);
}

/// The MSS that the only frame that left by `side` offers; its checksums are right.
uint16_t offered(Testbed& bed, net::Side side) {
    const auto frames = bed.take_frames(side);
    REQUIRE(frames.size() == 1);
    CHECK(read(frames[0]).checksums_ok());
    constexpr size_t kOptions = 14 + 20 + 20;
    return static_cast<uint16_t>(frames[0].at(kOptions + 2) << 8 | frames[0].at(kOptions + 3));
}

uint16_t offered_outside(Testbed& bed, Frame frame) {
    bed.inject(net::Side::Inside,
               frame.ether(mac_of(ip(kHost)), bed.port(net::Side::Inside).mac()).bytes());
    bed.run();
    return offered(bed, net::Side::Outside);
}
uint16_t offered_inside(Testbed& bed, Frame frame) {
    bed.inject(net::Side::Outside,
               frame.ether(mac_of(ip(kRouter)), bed.port(net::Side::Outside).mac()).bytes());
    bed.run();
    return offered(bed, net::Side::Inside);
}

}  // namespace

TEST_CASE("mss clamp: off, nothing is touched", "[packet][tcp]") {
    Testbed bed;
    CHECK(offered_outside(bed, syn(65000)) == 65000);
    CHECK(offered_inside(bed, syn_ack(65000)) == 65000);
    CHECK(bed.count(Count::MssClamped) == 0);
}

TEST_CASE("mss clamp: a value lowers SYN, SYN again and SYN/ACK, and raises nothing",
          "[packet][tcp]") {
    Testbed bed(clamping(MssClamp::Value, 1360));
    CHECK(offered_outside(bed, syn(1460)) == 1360);
    CHECK(offered_outside(bed, syn(1460)) == 1360);
    CHECK(offered_inside(bed, syn_ack(1460)) == 1360);
    CHECK(bed.count(Count::MssClamped) == 3);
    CHECK(offered_inside(bed, syn_ack(1200)) == 1200);
    CHECK(bed.count(Count::MssClamped) == 3);
}

TEST_CASE("mss clamp: pmtu is what the ports' MTU allows", "[packet][tcp]") {
    Testbed bed(clamping(MssClamp::Pmtu));
    CHECK(offered_outside(bed, syn(8960)) == 1460);
    CHECK(offered_inside(bed, syn_ack(1400)) == 1400);
}

TEST_CASE("mss clamp: a segment without SYN is not touched", "[packet][tcp]") {
    Testbed bed(clamping(MssClamp::Value, 1360));
    CHECK(offered_outside(bed, syn(1460, kAck)) == 1460);
}

}  // namespace mss_clamp_test
