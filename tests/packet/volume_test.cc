// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// Packets and bytes of each interface in and out, and the load of who turns. The testbed checks
/// after every run that what all interfaces sum up to is what was received and transmitted.

#include "bed_with_ipv6.h"
#include "catch.h"
#include "testbed.h"
#include "worker/run.h"

#include <atomic>
#include <thread>

namespace volume_test {

using namespace sluice;
using namespace sluice::test;
using net::Side;
using stats::Drop;
using stats::Volume;

namespace {

constexpr uint64_t kUdpHeaders = 14 + 20 + 8;

stats::BothVolumes of(Testbed& bed, size_t interface) {
    return bed.gateway().snapshot().interfaces.at(interface);
}

Volume operator-(const Volume& now, const Volume& before) {
    return {now.packets - before.packets, now.bytes - before.bytes};
}

/// Both sides on one port, with tags or without one, in the frames or beside them.
TestbedOptions on_one_port() {
    struct Row {
        const char* what;
        uint16_t inside, outside;
    };
    const Row row = GENERATE(values<Row>(
        {{"both tagged", 100, 200}, {"inside tagged", 100, 0}, {"outside tagged", 0, 200}}));
    const bool beside = GENERATE(false, true);
    CAPTURE(row.what, beside);
    TestbedOptions options;
    options.has_tags_beside = beside;
    options.configure = [row](config::Config& config) {
        config.lans[0].at.vlan = row.inside;
        config.wans[0].at.vlan = row.outside;
        config.lans[0].at.port = config.wans[0].at.port;
    };
    return options;
}

/// A packet each way, of 100 bytes and of 300, behind one that has opened the flow.
void check_both_ways(Testbed& bed) {
    REQUIRE(bed.from_inside(Frame().ipv4(kHost, kServer).udp(5000, 53)).size() == 1);
    REQUIRE(bed.from_outside(Frame().ipv4(kServer, kPublic).udp(53, 5000)).size() == 1);
    const stats::BothVolumes lan = of(bed, 0);
    const stats::BothVolumes wan = of(bed, 1);
    bed.from_inside(Frame().ipv4(kHost, kServer).udp(5000, 53).payload(100));
    CHECK(of(bed, 0).in - lan.in == Volume{1, kUdpHeaders + 100});
    CHECK(of(bed, 1).out - wan.out == Volume{1, kUdpHeaders + 100});
    bed.from_outside(Frame().ipv4(kServer, kPublic).udp(53, 5000).payload(300));
    CHECK(of(bed, 1).in - wan.in == Volume{1, kUdpHeaders + 300});
    CHECK(of(bed, 0).out - lan.out == Volume{1, kUdpHeaders + 300});
    CHECK(of(bed, 0).in - lan.in == Volume{1, kUdpHeaders + 100});
}

}  // namespace

TEST_CASE("volume: an interface has what came in and went out by it", "[packet][volume]") {
    Testbed bed;
    check_both_ways(bed);
}

TEST_CASE("volume: of interfaces on one port each has its own, without tags", "[packet][volume]") {
    Testbed bed(on_one_port());
    check_both_ways(bed);
}

TEST_CASE("volume: what is dropped has come in, and has not gone out", "[packet][volume]") {
    Testbed bed;
    const stats::BothVolumes lan = of(bed, 0);
    const stats::BothVolumes wan = of(bed, 1);
    bed.from_inside(Frame().ipv4(kHost, kServer).tcp(5000, 80, kFin | kAck));
    CHECK(bed.dropped(Drop::InvalidUntrackedFin) == 1);
    CHECK(of(bed, 0).in - lan.in == Volume{1, 14 + 20 + 20});
    CHECK(of(bed, 1).out - wan.out == Volume{});
}

TEST_CASE("volume: a frame in several segments has the bytes of all", "[packet][volume]") {
    Testbed bed;
    const Volume before = of(bed, 0).in;
    const Bytes frame = Frame()
                            .ipv4(kHost, kServer)
                            .udp(5000, 53)
                            .payload(1000)
                            .ether(mac_of(ip(kHost)), bed.port(Side::Inside).mac())
                            .bytes();
    bed.inject(Side::Inside, frame, 200);
    bed.run();
    CHECK(of(bed, 0).in - before == Volume{1, kUdpHeaders + 1000});
}

TEST_CASE("volume: a frame with the tag of no interface is the untagged one's, if there is one",
          "[packet][volume][vlan]") {
    Testbed bed({.configure = [](config::Config& config) {
        config.lans[0].at.vlan = 100;
        config.wans[0].at.vlan = 0;
    }});
    const Volume lan = of(bed, 0).in;
    const Volume wan = of(bed, 1).in;
    for (const Side side : {Side::Inside, Side::Outside}) {
        Frame frame = Frame().ipv4(kHost, kServer).udp(5000, 53).vlan(7);
        bed.port(side).inject(frame.ether(mac_of(ip(kHost)), bed.port(side).mac()).bytes());
        bed.run();
    }
    CHECK(bed.dropped(Drop::UnknownVlan) == 2);
    CHECK(of(bed, 0).in == lan);
    CHECK((of(bed, 1).in - wan).packets == 1);
}

TEST_CASE("volume: what a full port does not take is not counted as gone", "[packet][volume]") {
    Testbed bed;
    REQUIRE(bed.from_inside(Frame().ipv4(kHost, kServer).udp(5000, 53)).size() == 1);
    const Volume before = of(bed, 1).out;
    bed.port(Side::Outside).limit_transmit(1);
    for (const size_t payload : {100u, 200u, 300u})
        bed.inject(Side::Inside, Frame()
                                     .ipv4(kHost, kServer)
                                     .udp(5000, 53)
                                     .payload(payload)
                                     .ether(mac_of(ip(kHost)), bed.port(Side::Inside).mac())
                                     .bytes());
    bed.run();
    CHECK(bed.dropped(Drop::TxFull) == 2);
    CHECK(of(bed, 1).out - before == Volume{1, kUdpHeaders + 100});
}

TEST_CASE("volume: frames of IPv6 are the IPv6 side's, with the bytes that they have there",
          "[packet][volume][nat64]") {
    constexpr uint64_t kUdp6Headers = 14 + 40 + 8;
    constexpr uint64_t kNeighbourBytes = 14 + 40 + 8 + 16 + 8;
    Ipv6Bed ipv6;
    const auto ask = [&](size_t bytes) {
        const auto out = ipv6.send(
            {.source = kHost6, .destination = kServer6, .upper = udp6(5000, 53, Bytes(bytes, 1))});
        REQUIRE(out.size() == 1);
        return Frame().ipv4(kServer, kPublic).udp(53, out[0].source_port);
    };
    REQUIRE(ipv6.answer_from_outside(ask(10)).size() == 1);
    const stats::BothVolumes lan = of(ipv6.bed, 0);
    const stats::BothVolumes side = of(ipv6.bed, 1);
    const auto in = [&] { return of(ipv6.bed, 1).in - side.in; };
    const auto out = [&] { return of(ipv6.bed, 1).out - side.out; };
    SECTION("what is translated") {
        REQUIRE(ipv6.answer_from_outside(ask(100).payload(300)).size() == 1);
        CHECK(in() == Volume{1, kUdp6Headers + 100});
        CHECK(out() == Volume{1, kUdp6Headers + 300});
    }
    SECTION("what is answered at the edge") {
        ipv6.send({.source = kHost6,
                   .destination = kOwn6,
                   .upper = neighbour6(135, kOwn6, mac_of6(kHost6)),
                   .hop_limit = 255});
        REQUIRE(ipv6.take().size() == 1);
        CHECK(in() == Volume{1, kNeighbourBytes});
        CHECK(out() == Volume{1, kNeighbourBytes});
    }
    SECTION("what a neighbour tells") {
        ipv6.send({.source = kHost6,
                   .destination = kOwn6,
                   .upper = neighbour6(136, kHost6, mac_of6(kHost6)),
                   .hop_limit = 255});
        CHECK(in() == Volume{1, kNeighbourBytes});
    }
    SECTION("what goes nowhere") {
        ipv6.send({.source = kHost6, .destination = kOther6, .upper = udp6(1, 2, Bytes(50, 1))});
        CHECK(ipv6.bed.dropped(Drop::Ipv6Destination) == 1);
        CHECK(in() == Volume{1, kUdp6Headers + 50});
    }
    CHECK(of(ipv6.bed, 0).in == lan.in);
    CHECK(of(ipv6.bed, 0).out == lan.out);
}

TEST_CASE("load: a worker that runs counts its turns, and times those with packets",
          "[packet][volume]") {
    Testbed bed;
    worker::Worker& worker = bed.gateway().worker(0);
    const stats::Load& load = worker.counters().load;
    CHECK(load.turns.read() == 0);  // the testbed turns by itself
    bed.inject(Side::Inside, Frame()
                                 .ipv4(kHost, kServer)
                                 .udp(5000, 53)
                                 .ether(mac_of(ip(kHost)), bed.port(Side::Inside).mac())
                                 .bytes());
    worker::Heartbeat heartbeat;
    const MonotonicClock clock;
    std::atomic<bool> stop{false};
    const worker::Pace pace{clock, worker::Idle::Sleep, stop};
    std::thread thread([&] { worker::run(worker, heartbeat, pace); });
    while (load.turns.read() < 100)
        std::this_thread::yield();
    stop.store(true);
    thread.join();
    worker.resume();
    CHECK(load.busy_turns.read() == 1);
    CHECK(load.busy_nanoseconds.read() > 0);
    const unsigned bucket = stats::turn_bucket(load.busy_nanoseconds.read());
    if (bucket + 1 < stats::kTurnBuckets)  // the last has no bound
        CHECK(load.busy_nanoseconds.read() <= stats::turn_bound(bucket));
    CHECK(load.read_times()[bucket] == 1);
}

}  // namespace volume_test
