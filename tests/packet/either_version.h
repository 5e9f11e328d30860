// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Either version: a message, in a frame of IPv4 or of IPv6.
///
/// Units    Host byte order.

#include "ipv6_frame.h"
#include "net/tuple.h"
#include "packet_builder.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace sluice::test {

/// What is behind an IP header of either version.
struct Message {
    net::Protocol protocol{};
    uint16_t source_port = 0;  ///< Of an echo as its tuple has it.
    uint16_t destination_port = 0;
    uint8_t flags = kSyn;
    uint32_t seq = 0;
    uint32_t ack = 0;
    size_t payload = 10;

    bool is_request() const { return destination_port == 0x0800; }
    uint16_t identifier() const { return is_request() ? source_port : destination_port; }
};

inline Upper upper_of(const Message& message) {
    const Bytes payload(message.payload, 0x55);
    switch (message.protocol) {
        case net::Protocol::Tcp:
            return tcp6(message.source_port, message.destination_port, message.flags, message.seq,
                        message.ack, payload);
        case net::Protocol::Icmp:
            return icmp6(message.is_request() ? 128 : 129, 0,
                         uint32_t{message.identifier()} << 16 | 1, payload);
        case net::Protocol::Udp:
        case net::Protocol::UdpLite: {
            Upper upper = udp6(message.source_port, message.destination_port, payload);
            upper.protocol = static_cast<uint8_t>(message.protocol);
            return upper;
        }
        default:
            return {static_cast<uint8_t>(message.protocol), payload, 0};
    }
}

inline Frame frame4(const Message& message, Be32 source, Be32 destination) {
    Frame frame = Frame().ipv4(source, destination);
    const auto [from, to] = std::pair(message.source_port, message.destination_port);
    switch (message.protocol) {
        case net::Protocol::Tcp:
            frame.tcp(from, to, message.flags).seq(message.seq).ack(message.ack).window(30'000);
            break;
        case net::Protocol::Icmp:
            message.is_request() ? frame.echo_request(from) : frame.echo_reply(to);
            break;
        case net::Protocol::Udp:
            frame.udp(from, to);
            break;
        case net::Protocol::UdpLite:
            frame.udp_lite(from, to);
            break;
        default:
            frame.protocol(static_cast<uint8_t>(message.protocol));
    }
    // Large ones are as large as those of IPv6, whose header is longer.
    return frame.payload(message.payload + (message.payload < 1000 ? 0 : 20));
}

inline Frame6 frame6(const Message& message, std::string source, std::string destination) {
    Frame6 frame{.source = std::move(source),
                 .destination = std::move(destination),
                 .upper = upper_of(message)};
    frame.has_checksum =
        message.protocol == net::Protocol::Icmp || net::has_ports(message.protocol);
    return frame;
}

}  // namespace sluice::test
