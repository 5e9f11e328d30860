// SPDX-License-Identifier: BSD-3-Clause
#include "packet_builder.h"

#include "plain_checksum.h"

#include <algorithm>
#include <arpa/inet.h>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>

namespace sluice::test {
namespace {

void put8(Bytes& out, unsigned value) {
    out.push_back(static_cast<uint8_t>(value));
}
void put_word(Bytes& out, unsigned value) {
    put8(out, value >> 8);
    put8(out, value);
}
void put32(Bytes& out, uint32_t value) {
    put_word(out, value >> 16);
    put_word(out, value);
}
void put(Bytes& out, const auto& bytes) {
    out.insert(out.end(), bytes.begin(), bytes.end());
}
void set16(Bytes& out, size_t position, unsigned value) {
    out.at(position) = static_cast<uint8_t>(value >> 8);
    out.at(position + 1) = static_cast<uint8_t>(value);
}

Bytes arp(unsigned operation, const MacAddress& destination, const net::Arp& arp) {
    Bytes out;
    put(out, destination);
    put(out, arp.sender_mac);
    put_word(out, 0x0806);
    put_word(out, 1);  // Ethernet
    put_word(out, 0x0800);
    put8(out, 6);
    put8(out, 4);
    put_word(out, operation);
    put(out, arp.sender_mac);
    put32(out, arp.sender.host());
    put(out, arp.target_mac);
    put32(out, arp.target.host());
    return out;
}

}  // namespace

Be32 ip(std::string_view text) {
    Be32 address;
    if (inet_pton(AF_INET, std::string(text).c_str(), &address.raw) != 1)
        throw std::invalid_argument("not an address: " + std::string(text));
    return address;
}

Frame& Frame::ether(const MacAddress& source, const MacAddress& destination) {
    source_mac_ = source;
    destination_mac_ = destination;
    return *this;
}
Frame& Frame::vlan(uint16_t id) {
    vlan_ = id;
    return *this;
}
Frame& Frame::ipv4(std::string_view source, std::string_view destination) {
    return ipv4(ip(source), ip(destination));
}
Frame& Frame::ipv4(Be32 source, Be32 destination) {
    source_ = source;
    destination_ = destination;
    return *this;
}
Frame& Frame::ttl(uint8_t value) {
    ttl_ = value;
    return *this;
}
Frame& Frame::tos(uint8_t value) {
    tos_ = value;
    return *this;
}
Frame& Frame::id(uint16_t value) {
    id_ = value;
    return *this;
}
Frame& Frame::dont_fragment() {
    fragment_field_ |= 0x4000;
    return *this;
}
Frame& Frame::fragment(uint16_t offset_bytes, bool more) {
    fragment_field_ = static_cast<uint16_t>(offset_bytes / 8 | (more ? 0x2000 : 0));
    return *this;
}
Frame& Frame::ip_options(Bytes options) {
    ip_options_ = std::move(options);
    return *this;
}
Frame& Frame::tcp(uint16_t source_port, uint16_t destination_port, uint8_t flags) {
    kind_ = Kind::Tcp;
    protocol_ = 6;
    source_port_ = source_port;
    destination_port_ = destination_port;
    tcp_flags_ = flags;
    return *this;
}
Frame& Frame::seq(uint32_t value) {
    seq_ = value;
    return *this;
}
Frame& Frame::ack(uint32_t value) {
    ack_ = value;
    return *this;
}
Frame& Frame::window(uint16_t value) {
    window_ = value;
    return *this;
}
Frame& Frame::tcp_options(Bytes options) {
    tcp_options_ = std::move(options);
    return *this;
}
Frame& Frame::udp(uint16_t source_port, uint16_t destination_port) {
    kind_ = Kind::Udp;
    protocol_ = 17;
    source_port_ = source_port;
    destination_port_ = destination_port;
    return *this;
}
Frame& Frame::udp_lite(uint16_t source_port, uint16_t destination_port, uint16_t coverage) {
    udp(source_port, destination_port);
    kind_ = Kind::UdpLite;
    protocol_ = 136;
    coverage_ = coverage;
    return *this;
}
Frame& Frame::without_udp_checksum() {
    without_udp_checksum_ = true;
    return *this;
}
Frame& Frame::sctp(uint16_t source_port, uint16_t destination_port, uint32_t tag) {
    kind_ = Kind::Sctp;
    protocol_ = 132;
    source_port_ = source_port;
    destination_port_ = destination_port;
    tag_ = tag;
    return *this;
}
Frame& Frame::chunk(uint8_t type, uint8_t flags, Bytes value) {
    put8(chunks_, type);
    put8(chunks_, flags);
    put_word(chunks_, static_cast<unsigned>(4 + value.size()));
    put(chunks_, value);
    chunks_.resize((chunks_.size() + 3) / 4 * 4);
    return *this;
}
Frame& Frame::init(uint8_t type, uint32_t initiate_tag) {
    Bytes value;
    put32(value, initiate_tag);
    put32(value, 65536);    // window
    put32(value, 0x10001);  // streams
    put32(value, 1);        // TSN
    return chunk(type, 0, value);
}
Frame& Frame::echo_request(uint16_t identifier, uint16_t sequence) {
    return icmp(8, 0, uint32_t{identifier} << 16 | sequence);
}
Frame& Frame::echo_reply(uint16_t identifier, uint16_t sequence) {
    return icmp(0, 0, uint32_t{identifier} << 16 | sequence);
}
Frame& Frame::icmp(uint8_t type, uint8_t code, uint32_t rest) {
    kind_ = Kind::Icmp;
    protocol_ = 1;
    icmp_type_ = type;
    icmp_code_ = code;
    icmp_rest_ = rest;
    return *this;
}
Frame& Frame::icmp_error(uint8_t type, uint8_t code, Bytes quoted, uint16_t mtu) {
    return icmp(type, code, mtu).payload(std::move(quoted));
}
Frame& Frame::protocol(uint8_t number) {
    kind_ = Kind::Raw;
    protocol_ = number;
    return *this;
}
Frame& Frame::payload(size_t count) {
    payload_.clear();
    for (size_t i = 0; i < count; ++i)
        put8(payload_, static_cast<unsigned>(i * 7 + 'a'));
    return *this;
}
Frame& Frame::payload(Bytes content) {
    payload_ = std::move(content);
    return *this;
}
Frame& Frame::padding(size_t count) {
    padding_ = count;
    return *this;
}
Frame& Frame::ether_type(uint16_t value) {
    ether_type_ = value;
    return *this;
}
Frame& Frame::ip_version(uint8_t value) {
    version_ = value;
    return *this;
}
Frame& Frame::ip_header_words(uint8_t value) {
    header_words_ = value;
    return *this;
}
Frame& Frame::ip_total_length(uint16_t value) {
    total_length_ = value;
    return *this;
}
Frame& Frame::bad_ip_checksum() {
    bad_ip_checksum_ = true;
    return *this;
}
Frame& Frame::tcp_header_words(uint8_t value) {
    tcp_header_words_ = value;
    return *this;
}
Frame& Frame::udp_length(uint16_t value) {
    udp_length_ = value;
    return *this;
}
Frame& Frame::bad_transport_checksum() {
    bad_transport_checksum_ = true;
    return *this;
}

Bytes Frame::transport_header(size_t payload_bytes) const {
    Bytes out;
    if (kind_ == Kind::Icmp) {
        put8(out, icmp_type_);
        put8(out, icmp_code_);
        put_word(out, 0);
        put32(out, icmp_rest_);
    } else if (kind_ != Kind::Raw) {
        put_word(out, source_port_);
        put_word(out, destination_port_);
    }
    if (kind_ == Kind::Udp) {
        put_word(out, udp_length_.value_or(static_cast<uint16_t>(8 + payload_bytes)));
        put_word(out, 0);
    } else if (kind_ == Kind::Sctp) {
        put32(out, tag_);
        put32(out, 0);
        put(out, chunks_);
    } else if (kind_ == Kind::UdpLite) {
        put_word(out, coverage_);
        put_word(out, 0);
    } else if (kind_ == Kind::Tcp) {
        put32(out, seq_);
        put32(out, ack_);
        const size_t words =
            tcp_header_words_.value_or(static_cast<uint8_t>(5 + tcp_options_.size() / 4));
        put8(out, static_cast<unsigned>(words << 4));
        put8(out, tcp_flags_);
        put_word(out, window_);
        put32(out, 0);  // checksum, urgent pointer
        put(out, tcp_options_);
    }
    return out;
}

/// Of `size` bytes, how many the checksum is over.
size_t Frame::covered(size_t size) const {
    const size_t said = kind_ == Kind::Udp       ? udp_length_.value_or(0)  // RFC 768
                        : kind_ == Kind::UdpLite ? coverage_
                                                 : 0;
    return said >= 8 && said < size ? said : size;
}

void Frame::fill_transport_checksum(Bytes& transport, const Bytes& header) const {
    const bool is_udp = kind_ == Kind::Udp || kind_ == Kind::UdpLite;
    if (kind_ == Kind::Raw || (is_udp && without_udp_checksum_))
        return;
    if (kind_ == Kind::Sctp) {
        const uint32_t crc = plain_crc32c(transport) ^ (bad_transport_checksum_ ? 0x1000u : 0u);
        for (size_t i = 0; i < 4; ++i)
            transport.at(8 + i) = static_cast<uint8_t>(crc >> 8 * i);
        return;
    }
    const std::span sum_over(transport.data(), covered(transport.size()));
    const size_t length = kind_ == Kind::UdpLite ? transport.size() : sum_over.size();
    const uint32_t pseudo = kind_ == Kind::Icmp ? 0 : plain_pseudo_sum(header, length);
    uint16_t checksum = plain_checksum(sum_over, pseudo);
    if (is_udp && checksum == 0)
        checksum = 0xffff;
    if (bad_transport_checksum_)
        checksum = static_cast<uint16_t>(checksum ^ 0x1000);
    set16(transport, kind_ == Kind::Tcp ? 16 : is_udp ? 6 : 2, checksum);
}

Bytes Frame::ip_header(size_t transport_size) const {
    Bytes out;
    const size_t header_bytes = 20 + ip_options_.size();
    const size_t words = header_words_.value_or(static_cast<uint8_t>(header_bytes / 4));
    put8(out, static_cast<unsigned>(unsigned{version_} << 4 | (words & 15)));
    put8(out, tos_);
    put_word(out, total_length_.value_or(static_cast<uint16_t>(header_bytes + transport_size)));
    put_word(out, id_);
    put_word(out, fragment_field_);
    put8(out, ttl_);
    put8(out, protocol_);
    put_word(out, 0);
    put32(out, source_.host());
    put32(out, destination_.host());
    put(out, ip_options_);
    set16(out, 10, plain_checksum(out) ^ (bad_ip_checksum_ ? 0x0100u : 0u));
    return out;
}

Bytes Frame::ip_bytes() const {
    Bytes transport = transport_header(payload_.size());
    put(transport, payload_);
    Bytes out = ip_header(transport.size());
    fill_transport_checksum(transport, out);
    put(out, transport);
    return out;
}

Bytes Frame::bytes() const {
    Bytes out;
    put(out, destination_mac_);
    put(out, source_mac_);
    if (vlan_) {
        put_word(out, 0x8100);
        put_word(out, *vlan_);
    }
    put_word(out, ether_type_);
    put(out, ip_bytes());
    out.resize(out.size() + padding_);
    return out;
}

std::vector<Bytes> fragments_of(const Frame& whole, size_t bytes) {
    constexpr size_t kHeaders = 14 + 20;
    const Bytes frame = whole.bytes();
    std::vector<Bytes> fragments;
    for (size_t from = kHeaders; from < frame.size(); from += bytes) {
        const size_t to = std::min(from + bytes, frame.size());
        const unsigned more = to < frame.size() ? 0x2000 : 0;
        const unsigned flags = frame[20] & 0x40u;
        Bytes& fragment =
            fragments.emplace_back(frame.begin(), frame.begin() + static_cast<ptrdiff_t>(kHeaders));
        set16(fragment, 16, static_cast<unsigned>(20 + to - from));
        set16(fragment, 20, static_cast<unsigned>((from - kHeaders) / 8) | more | flags << 8);
        set16(fragment, 24, 0);
        set16(fragment, 24, plain_checksum(std::span(fragment).subspan(14)));
        put(fragment, std::span(frame).subspan(from, to - from));
    }
    return fragments;
}

Bytes arp_request(const MacAddress& sender_mac, Be32 sender, Be32 target) {
    constexpr MacAddress kBroadcast{0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    return arp(1, kBroadcast, {net::Arp::Operation::Request, sender_mac, sender, {}, target});
}

Bytes arp_reply(const MacAddress& sender_mac, Be32 sender, const MacAddress& target_mac,
                Be32 target) {
    return arp(2, target_mac, {net::Arp::Operation::Reply, sender_mac, sender, target_mac, target});
}

}  // namespace sluice::test
