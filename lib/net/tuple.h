// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Tuple: the five fields by which a packet is known to belong to a flow, and the zone that its
/// inside address is of.
///
/// Shape    16 bytes, compared and hashed as a whole; what is not used is zero.
/// Units    Network byte order; the zone in that of the host.
/// Zones    Inside networks that overlap are told apart by their zones. A tuple by which packets
///          come from an inside host, or go to one, carries the host's zone; one with public or
///          outside addresses at both ends carries 0. So a packet's tuple has the zone of the
///          interface by which it came, and of a flow's two tuples each has its own.
/// ICMP     A query's identifier stands where the sender's port would: source port in the query,
///          destination port in the answer. The other port is the query's type and code
///          (icmp_ports()), also in the answer, so that reversed() works for every protocol.
/// Source   nf_conntrack_tuple; ICMP pairing as icmp_invert_tuple() of Linux.

#include "base/big_endian.h"

#include <array>
#include <bit>
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

/// Zones are numbered from 0, which is that of all that names none.
inline constexpr uint16_t kZones = 4096;

/// An inside host, and all of it that rules, limits and blocks of ports ask for.
struct InsideAddress {
    // Implicit: an address alone is one of zone 0.
    constexpr InsideAddress(Be32 address, uint16_t zone = 0) : address(address), zone(zone) {}

    Be32 address;
    uint16_t zone;

    constexpr bool operator==(const InsideAddress&) const = default;
    /// All of it in one number, which of zone 0 is the address alone.
    constexpr uint64_t bits() const { return uint64_t{zone} << 32 | address.raw; }
};

/// One end of a flow.
struct Endpoint {
    Be32 address;
    Be16 port;          ///< Or what stands for one in a tuple.
    uint16_t zone = 0;  ///< Of one inside; 0 of every other.

    constexpr InsideAddress host() const { return {address, zone}; }
    constexpr bool operator==(const Endpoint&) const = default;
};

struct alignas(16) Tuple {
    Be32 source;
    Be32 destination;
    Be16 source_port;
    Be16 destination_port;
    Protocol protocol{};
    uint8_t kind = 0;   ///< 0 in a packet's tuple; others are keys of what is no flow (flow::Kind).
    uint16_t zone = 0;  ///< Below kZones.

    /// As two words: field by field takes three times as long.
    constexpr bool operator==(const Tuple& other) const {
        using Words = std::array<uint64_t, 2>;
        const auto one = std::bit_cast<Words>(*this);
        const auto two = std::bit_cast<Words>(other);
        return ((one[0] ^ two[0]) | (one[1] ^ two[1])) == 0;
    }
    constexpr Tuple reversed() const {
        return {destination, source, destination_port, source_port, protocol, kind, zone};
    }
    /// Its source, where that is inside.
    constexpr InsideAddress inside_source() const { return {source, zone}; }
};

static_assert(sizeof(Tuple) == 16, "a tuple is one 16-byte load");

}  // namespace sluice::net
