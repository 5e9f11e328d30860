// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Tuple: the five fields by which a packet is known to belong to a flow.
///
/// Shape    16 bytes, compared and hashed as a whole; what is not used is zero.
/// Units    Network byte order.
/// ICMP     A query's identifier stands where the sender's port would: source port in the query,
///          destination port in the answer. The other port is the query's type and code
///          (icmp_ports()), also in the answer, so that reversed() works for every protocol.
/// Source   nf_conntrack_tuple; ICMP pairing as icmp_invert_tuple() of Linux.

#include "base/big_endian.h"

#include <array>
#include <cstdint>

namespace sluice::net {

/// Of a packet on a flow: the direction of its first packet, or the opposite one.
enum class Direction : uint8_t { Original, Reply };

constexpr Direction opposite(Direction direction) {
    return direction == Direction::Original ? Direction::Reply : Direction::Original;
}

/// The protocol byte of an IPv4 header. Any value of it may stand in a tuple; these are looked
/// into, or have a tracker of their own.
enum class Protocol : uint8_t { Icmp = 1, Tcp = 6, Udp = 17, Gre = 47, Sctp = 132, UdpLite = 136 };

constexpr bool has_ports(Protocol protocol) {
    return protocol == Protocol::Tcp || protocol == Protocol::Udp || protocol == Protocol::Sctp ||
           protocol == Protocol::UdpLite;
}

/// A protocol whose flows are told apart by their addresses alone: GRE, ESP, and all that sluice
/// does not know. Both ports of its tuples are 0.
constexpr bool is_by_address(Protocol protocol) {
    return !has_ports(protocol) && protocol != Protocol::Icmp;
}

/// One end of a flow.
struct Endpoint {
    Be32 address;
    Be16 port;  ///< Or what stands for one in a tuple.

    constexpr bool operator==(const Endpoint&) const = default;
};

struct alignas(16) Tuple {
    Be32 source;
    Be32 destination;
    Be16 source_port;
    Be16 destination_port;
    Protocol protocol{};
    uint8_t kind = 0;  ///< 0 in a packet's tuple; others are keys of what is no flow (flow::Kind).
    std::array<uint8_t, 2> unused{};

    constexpr bool operator==(const Tuple&) const = default;
    constexpr Tuple reversed() const {
        return {destination, source, destination_port, source_port, protocol, kind, unused};
    }
};

static_assert(sizeof(Tuple) == 16, "a tuple is one 16-byte load");

}  // namespace sluice::net
