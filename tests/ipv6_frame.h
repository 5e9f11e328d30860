// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// IPv6 frames for tests, written and read independently of lib: Frame6 is filled in as a value,
/// Seen6 is what a frame says.
///
/// Units    Host byte order; addresses as text.
/// Errors   read6() throws std::out_of_range for a frame that ends before its headers do.

#include "packet_builder.h"
#include "plain_checksum.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

namespace sluice::test {

/// What a host in tests has: its MAC is made from the last bytes of its address.
inline std::array<uint8_t, 16> ip6(const std::string& text) {
    std::array<uint8_t, 16> address;
    if (inet_pton(AF_INET6, text.c_str(), address.data()) != 1)
        throw std::invalid_argument(text);
    return address;
}

inline std::string text6(const uint8_t* bytes) {
    char text[INET6_ADDRSTRLEN];
    return inet_ntop(AF_INET6, bytes, text, sizeof text);
}

inline MacAddress mac_of6(const std::string& address) {
    const auto bytes = ip6(address);
    return {2, 0x66, bytes[12], bytes[13], bytes[14], bytes[15]};
}

inline void put16(Bytes& bytes, unsigned value) {
    bytes.push_back(static_cast<uint8_t>(value >> 8));
    bytes.push_back(static_cast<uint8_t>(value));
}

/// The pseudo-header of RFC 8200 §8.1.
inline Bytes pseudo6(const std::string& source, const std::string& destination, size_t size,
                     uint8_t protocol) {
    Bytes bytes;
    for (const std::string& address : {source, destination})
        for (const uint8_t byte : ip6(address))
            bytes.push_back(byte);
    put16(bytes, static_cast<unsigned>(size >> 16));
    put16(bytes, static_cast<unsigned>(size));
    bytes.insert(bytes.end(), {0, 0, 0, protocol});
    return bytes;
}

/// A transport header and what follows it; the checksum is filled in by Frame6.
struct Upper {
    uint8_t protocol;
    Bytes bytes;
    size_t checksum_at;
};

inline Upper udp6(uint16_t source, uint16_t destination, Bytes payload = Bytes(10, 0x55)) {
    Bytes bytes;
    put16(bytes, source);
    put16(bytes, destination);
    put16(bytes, static_cast<unsigned>(8 + payload.size()));
    put16(bytes, 0);
    bytes.insert(bytes.end(), payload.begin(), payload.end());
    return {17, bytes, 6};
}

inline Upper tcp6(uint16_t source, uint16_t destination, uint8_t flags, uint32_t seq, uint32_t ack,
                  Bytes payload = {}) {
    Bytes bytes;
    put16(bytes, source);
    put16(bytes, destination);
    for (const uint32_t number : {seq, ack}) {
        put16(bytes, number >> 16);
        put16(bytes, number);
    }
    bytes.insert(bytes.end(), {0x50, flags, 0xff, 0xff, 0, 0, 0, 0});
    bytes.insert(bytes.end(), payload.begin(), payload.end());
    return {6, bytes, 16};
}

inline Upper icmp6(uint8_t type, uint8_t code, uint32_t rest, const Bytes& payload = Bytes(8, 7)) {
    Bytes bytes{type, code, 0, 0};
    put16(bytes, rest >> 16);
    put16(bytes, rest);
    bytes.insert(bytes.end(), payload.begin(), payload.end());
    return {58, bytes, 2};
}

/// Neighbour solicitation (135) or advertisement (136) about an address, with the MAC option.
inline Upper neighbour6(uint8_t type, const std::string& target, const MacAddress& mac) {
    Bytes bytes;
    for (const uint8_t byte : ip6(target))
        bytes.push_back(byte);
    bytes.push_back(type == 135 ? 1 : 2);
    bytes.push_back(1);
    bytes.insert(bytes.end(), mac.begin(), mac.end());
    return icmp6(type, 0, type == 135 ? 0 : 0x60000000, bytes);
}

/// A fragment header.
inline Bytes fragment6(uint8_t protocol, unsigned offset, bool more, uint32_t identification) {
    Bytes bytes{protocol, 0};
    put16(bytes, offset | (more ? 1u : 0u));
    put16(bytes, identification >> 16);
    put16(bytes, identification);
    return bytes;
}

struct Frame6 {
    std::string source;
    std::string destination;
    Upper upper;
    uint8_t hop_limit = 64;
    uint8_t traffic_class = 0;
    MacAddress source_mac = mac(1);
    MacAddress destination_mac = mac(2);
    Bytes extensions{};           ///< As they stand, the last one's next header the protocol.
    uint8_t first_extension = 0;  ///< The next header of the fixed header, where there are some.
    bool has_checksum = true;
    bool is_later_fragment = false;  ///< Then `upper` is a part, and no checksum is filled in.

    /// A fragment header, and nothing else, stands before `upper`.
    void fragment(unsigned offset, bool more, uint32_t identification) {
        first_extension = 44;
        extensions = fragment6(upper.protocol, offset, more, identification);
    }

    /// Without Ethernet.
    Bytes ip_bytes() const {
        Bytes transport = upper.bytes;
        if (has_checksum && !is_later_fragment) {
            Bytes covered = pseudo6(source, destination, transport.size(), upper.protocol);
            covered.insert(covered.end(), transport.begin(), transport.end());
            uint16_t sum = plain_checksum(covered);
            if (sum == 0)
                sum = 0xffff;
            transport[upper.checksum_at] = static_cast<uint8_t>(sum >> 8);
            transport[upper.checksum_at + 1] = static_cast<uint8_t>(sum);
        }
        Bytes bytes{static_cast<uint8_t>(0x60 | traffic_class >> 4),
                    static_cast<uint8_t>(traffic_class << 4), 0, 0};
        put16(bytes, static_cast<unsigned>(extensions.size() + transport.size()));
        bytes.push_back(extensions.empty() ? upper.protocol : first_extension);
        bytes.push_back(hop_limit);
        for (const std::string& address : {source, destination})
            for (const uint8_t byte : ip6(address))
                bytes.push_back(byte);
        bytes.insert(bytes.end(), extensions.begin(), extensions.end());
        bytes.insert(bytes.end(), transport.begin(), transport.end());
        return bytes;
    }
    Bytes bytes() const {
        Bytes frame;
        frame.insert(frame.end(), destination_mac.begin(), destination_mac.end());
        frame.insert(frame.end(), source_mac.begin(), source_mac.end());
        put16(frame, 0x86dd);
        const Bytes packet = ip_bytes();
        frame.insert(frame.end(), packet.begin(), packet.end());
        return frame;
    }
};

struct Seen6 {
    MacAddress destination_mac{};
    MacAddress source_mac{};
    std::string source;
    std::string destination;
    uint8_t hop_limit = 0;
    uint8_t traffic_class = 0;
    uint8_t protocol = 0;
    size_t payload_length = 0;  ///< As the header says.
    bool is_fragment = false;
    bool more = false;
    unsigned offset = 0;
    uint32_t identification = 0;
    Bytes transport;
    bool checksum_ok = false;  ///< Of a fragment it cannot be told: true.

    unsigned word(size_t at) const {
        return static_cast<unsigned>(transport.at(at) << 8 | transport.at(at + 1));
    }
};

/// An IPv6 packet without Ethernet, which may have been cut off.
inline Seen6 read_ip6(const Bytes& packet) {
    Seen6 seen;
    seen.traffic_class = static_cast<uint8_t>(packet.at(0) << 4 | packet.at(1) >> 4);
    seen.payload_length = static_cast<size_t>(packet.at(4) << 8 | packet.at(5));
    seen.protocol = packet.at(6);
    seen.hop_limit = packet.at(7);
    if (packet.size() < 40)
        throw std::out_of_range("an IPv6 header is cut off");
    seen.source = text6(&packet[8]);
    seen.destination = text6(&packet[24]);
    size_t at = 40;
    if (seen.protocol == 44) {
        const unsigned field = static_cast<unsigned>(packet.at(42) << 8 | packet.at(43));
        seen.is_fragment = true;
        seen.protocol = packet.at(40);
        seen.offset = field & 0xfff8;
        seen.more = (field & 1) != 0;
        for (size_t i = 44; i < 48; ++i)
            seen.identification = seen.identification << 8 | packet.at(i);
        at += 8;
    }
    seen.transport.assign(packet.begin() + static_cast<ptrdiff_t>(at), packet.end());
    Bytes covered = pseudo6(seen.source, seen.destination, seen.transport.size(), seen.protocol);
    covered.insert(covered.end(), seen.transport.begin(), seen.transport.end());
    seen.checksum_ok = seen.is_fragment || plain_checksum(covered) == 0;
    return seen;
}

/// What an ICMPv6 error quotes.
inline Seen6 quote_of6(const Seen6& error) {
    return read_ip6({error.transport.begin() + 8, error.transport.end()});
}

inline bool is_ipv6(const Bytes& frame) {
    return frame.size() > 14 && frame[12] == 0x86 && frame[13] == 0xdd;
}

inline Seen6 read6(const Bytes& frame) {
    if (!is_ipv6(frame))
        throw std::out_of_range("no IPv6 frame");
    Seen6 seen = read_ip6({frame.begin() + 14, frame.end()});
    std::copy_n(frame.begin(), 6, seen.destination_mac.begin());
    std::copy_n(frame.begin() + 6, 6, seen.source_mac.begin());
    return seen;
}

}  // namespace sluice::test
