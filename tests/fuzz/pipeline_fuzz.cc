// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// Feeds a whole gateway, on both wires, with a million frames that no sender should send. The
/// testbed checks the account and the leak after every burst.

#include "catch.h"
#include "mutate.h"
#include "testbed.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

using namespace sluice;
using namespace sluice::test;
using net::Side;

namespace {

constexpr int kFrames = 1'000'000;
constexpr int kBurst = 50;

/// An ICMP error, which quotes some of a packet that may have passed.
Bytes error(Random& random, Frame frame, const Frame& quoted) {
    Bytes quote = quoted.ip_bytes();
    quote.resize(std::min<size_t>(quote.size(), 20 + random() % 40));
    constexpr uint8_t kTypes[] = {3, 4, 5, 11, 12};
    return frame.icmp_error(kTypes[random() % std::size(kTypes)], 1, quote, 1400).bytes();
}

/// Every tag is 7, so that associations get on.
Frame& sctp(Frame& frame, uint8_t chunk) {
    frame.payload(size_t{0});
    return chunk == 1 || chunk == 2 ? frame.init(chunk, 7) : frame.chunk(chunk, 0, Bytes(12));
}

/// A sound frame of one of a few flows, so that what is nearly sound meets state.
Bytes sound(Random& random, Side from, const MacAddress& gateway) {
    const std::string host = "10.1.0." + std::to_string(2 + random() % 6);
    const std::string server = "203.0.113." + std::to_string(1 + random() % 3);
    const auto port = static_cast<uint16_t>(40000 + random() % 8);
    const auto flags = static_cast<uint8_t>(random() % 64);
    const auto ttl = static_cast<uint8_t>(random() % 8 == 0 ? random() % 3 : 64);
    const auto kind = random() % 8;
    const auto chunk = static_cast<uint8_t>(random() % 16);
    const auto other = static_cast<uint8_t>(random() % 2 == 0 ? 47 : random() % 256);
    const size_t payload = random() % 16 == 0 ? 1450 + random() % 100 : random() % 40;

    Frame frame = Frame().ttl(ttl).payload(payload);
    if (from == Side::Inside) {
        frame.ether(mac_of(ip(host)), gateway).ipv4(host, random() % 16 == 0 ? "10.1.0.1" : server);
        if (kind == 0)
            return frame.udp(port, 53).bytes();
        if (kind == 2)
            return frame.udp_lite(port, 53).bytes();
        if (kind == 3)
            return frame.protocol(other).bytes();
        if (kind == 4)
            return error(random, frame, Frame().ipv4(server, host).tcp(80, port, flags));
        if (kind == 5)
            return sctp(frame.sctp(port, 80, chunk == 1 ? 0 : 7), chunk).bytes();
        return kind == 1 ? frame.echo_request(port).bytes() : frame.tcp(port, 80, flags).bytes();
    }
    frame.ether(mac_of(ip(kRouter)), gateway).ipv4(server, random() % 16 == 0 ? host : kPublic);
    if (kind == 0)
        return frame.udp(53, port).bytes();
    if (kind == 2)
        return frame.udp_lite(53, port).bytes();
    if (kind == 3)
        return frame.protocol(other).bytes();
    if (kind == 4)
        return error(random, frame, Frame().ipv4(kPublic, server).udp(port, 53));
    if (kind == 5)
        return sctp(frame.sctp(80, port, chunk == 1 ? 0 : 7), chunk).bytes();
    return kind == 1 ? frame.echo_reply(port).bytes() : frame.tcp(80, port, flags).bytes();
}

Bytes arp(Random& random, Side from) {
    const Be32 sender = from == Side::Inside ? ip(kHost) : ip(kRouter);
    const Be32 target = from == Side::Inside ? ip("10.1.0.1") : ip(kPublic);
    return random() % 2 == 0 ? arp_request(mac_of(sender), sender, target)
                             : arp_reply(mac_of(sender), sender, mac(0x11), target);
}

void feed(Testbed& bed, Random& random, int frames) {
    for (int done = 0; done < frames; done += kBurst) {
        for (int i = 0; i < kBurst; ++i) {
            const Side side = random() % 2 == 0 ? Side::Inside : Side::Outside;
            Bytes frame =
                random() % 32 == 0 ? arp(random, side) : sound(random, side, bed.port(side).mac());
            for (auto rounds = random() % 4; rounds > 0; --rounds)
                mutate(frame, random);
            const size_t segment = random() % 8 == 0 ? 1 + random() % 100 : 0;
            if (!frame.empty())
                bed.inject(side, frame, segment * 8);
        }
        bed.tick(Duration{static_cast<int32_t>(random() % 1000)});
        bed.take_frames(Side::Inside);
        bed.take_frames(Side::Outside);
    }
}

}  // namespace

TEST_CASE("pipeline: a million mutated frames neither crash it, nor leak, nor are lost", "[fuzz]") {
    Random random(1);
    TestbedOptions options;
    options.workers = 2;
    options.rx_queues = 1;
    options.flows = 200;  // so few that the table is full at times
    const auto verify = GENERATE(config::VerifyChecksum::Always, config::VerifyChecksum::Never);
    options.configure = [verify](config::Config& config) {
        config.verify_checksum = verify;
        config.tuning.tcp[conntrack::TcpState::Established] = Duration::seconds(60);
    };
    Testbed bed(options);
    feed(bed, random, kFrames / 2);
    CHECK(bed.count(stats::Count::Transmitted) > kFrames / 100);  // it was not all refused at once
    CHECK(bed.count(stats::Count::FlowsOpened) > 1000);
}
