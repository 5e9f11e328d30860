// SPDX-License-Identifier: BSD-3-Clause
#include "wire.h"

#include <algorithm>
#include <iterator>
#include <string>

namespace sluice::test {
namespace {

using net::Side;

/// An ICMP error, which quotes some of a packet that may have passed.
Bytes error(const Draw& draw, Frame frame, const Frame& quoted) {
    Bytes quote = quoted.ip_bytes();
    quote.resize(std::min<size_t>(quote.size(), 20 + draw() % 40));
    constexpr uint8_t kTypes[] = {3, 4, 5, 11, 12};
    return frame.icmp_error(kTypes[draw() % std::size(kTypes)], 1, quote, 1400).bytes();
}

/// Every tag is 7, so that associations get on.
Frame& sctp(Frame& frame, uint8_t chunk) {
    frame.payload(size_t{0});
    return chunk == 1 || chunk == 2 ? frame.init(chunk, 7) : frame.chunk(chunk, 0, Bytes(12));
}

/// A sound frame of one of a few flows, so that what is nearly sound meets state.
Bytes sound(const Draw& draw, Side from, const MacAddress& gateway) {
    const std::string host = "10.1.0." + std::to_string(2 + draw() % 6);
    const std::string server = "203.0.113." + std::to_string(1 + draw() % 3);
    const auto port = static_cast<uint16_t>(40000 + draw() % 8);
    const auto flags = static_cast<uint8_t>(draw() % 64);
    const auto ttl = static_cast<uint8_t>(draw() % 8 == 0 ? draw() % 3 : 64);
    const auto kind = draw() % 8;
    const auto chunk = static_cast<uint8_t>(draw() % 16);
    const auto other = static_cast<uint8_t>(draw() % 2 == 0 ? 47 : draw() % 256);
    const size_t payload = draw() % 16 == 0 ? 1450 + draw() % 100 : draw() % 40;

    Frame frame = Frame().ttl(ttl).payload(payload);
    if (from == Side::Inside) {
        frame.ether(mac_of(ip(host)), gateway).ipv4(host, draw() % 16 == 0 ? "10.1.0.1" : server);
        if (kind == 0)
            return frame.udp(port, 53).bytes();
        if (kind == 2)
            return frame.udp_lite(port, 53).bytes();
        if (kind == 3)
            return frame.protocol(other).bytes();
        if (kind == 4)
            return error(draw, frame, Frame().ipv4(server, host).tcp(80, port, flags));
        if (kind == 5)
            return sctp(frame.sctp(port, 80, chunk == 1 ? 0 : 7), chunk).bytes();
        return kind == 1 ? frame.echo_request(port).bytes() : frame.tcp(port, 80, flags).bytes();
    }
    frame.ether(mac_of(ip(kRouter)), gateway).ipv4(server, draw() % 16 == 0 ? host : kPublic);
    if (kind == 0)
        return frame.udp(53, port).bytes();
    if (kind == 2)
        return frame.udp_lite(53, port).bytes();
    if (kind == 3)
        return frame.protocol(other).bytes();
    if (kind == 4)
        return error(draw, frame, Frame().ipv4(kPublic, server).udp(port, 53));
    if (kind == 5)
        return sctp(frame.sctp(80, port, chunk == 1 ? 0 : 7), chunk).bytes();
    return kind == 1 ? frame.echo_reply(port).bytes() : frame.tcp(80, port, flags).bytes();
}

Bytes arp(const Draw& draw, Side from) {
    const Be32 sender = from == Side::Inside ? ip(kHost) : ip(kRouter);
    const Be32 target = from == Side::Inside ? ip("10.1.0.1") : ip(kPublic);
    return draw() % 2 == 0 ? arp_request(mac_of(sender), sender, target)
                           : arp_reply(mac_of(sender), sender, mac(0x11), target);
}

/// One of a few ways to be configured.
void configure_by(uint64_t choice, config::Config& config) {
    const auto bit = [&choice] {
        const bool is_set = choice % 2 != 0;
        choice /= 2;
        return is_set;
    };
    config.verify_checksum = bit() ? config::VerifyChecksum::Always : config::VerifyChecksum::Never;
    if (bit())
        config.tuning.tcp[conntrack::TcpState::Established] = Duration::seconds(60);
    if (bit())
        config.tuning.tcp_loose = false;
    if (bit())
        config.fragments = {.datagrams = 64, .bytes = 64 * 2176, .timeout = Duration::seconds(5)};
    config.tuning.tcp_strict = bit();
    if (bit()) {
        config.inside.clear();
        config.pool.clear();
        config.snat = {{.inside = {ip("10.1.0.0"), 24},
                        .addresses = {{ip(kPublic), ip(kPublic)}},
                        .independence = policy::Independence{
                            {{net::Protocol::Tcp}, {net::Protocol::Udp}, {net::Protocol::Icmp}},
                            pool::kAllPorts,
                            policy::Filtering::EndpointIndependent}}};
    }
}

}  // namespace

void send_burst(Testbed& bed, const Draw& draw, int frames) {
    for (int i = 0; i < frames; ++i) {
        const Side side = draw() % 2 == 0 ? Side::Inside : Side::Outside;
        Bytes frame = draw() % 32 == 0 ? arp(draw, side) : sound(draw, side, bed.port(side).mac());
        for (auto rounds = draw() % 4; rounds > 0; --rounds)
            mutate(frame, draw);
        const size_t segment = draw() % 8 == 0 ? 1 + draw() % 100 : 0;
        if (!frame.empty())
            bed.inject(side, frame, segment * 8);
    }
    bed.tick(Duration{static_cast<int32_t>(draw() % 1000)});
    bed.take_frames(Side::Inside);
    bed.take_frames(Side::Outside);
}

void configure_small(config::Config& config) {
    config.neighbours = 64;
    config.fragments = {.datagrams = 64, .bytes = 64 * 2176, .timeout = Duration::seconds(5)};
}

TestbedOptions small_options(uint64_t choice) {
    TestbedOptions options;
    options.workers = 2;
    options.rx_queues = 1;
    options.flows = 16;
    options.configure = [choice](config::Config& config) {
        configure_small(config);
        configure_by(choice, config);
    };
    return options;
}

}  // namespace sluice::test
