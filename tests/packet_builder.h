// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Frames for tests, written as one would say them:
///
///     Frame().ipv4("10.1.0.10", "203.0.113.10").tcp(40000, 80, kSyn).ttl(64).bytes()
///
/// Shape    Setters in any order. Lengths and checksums come out right unless a setter under
///          "what no sound sender does" says otherwise.
/// Units    Host byte order; addresses as text.

#include "net/arp.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace sluice::test {

using Bytes = std::vector<uint8_t>;
using net::MacAddress;

inline constexpr uint8_t kFin = 0x01;
inline constexpr uint8_t kSyn = 0x02;
inline constexpr uint8_t kRst = 0x04;
inline constexpr uint8_t kPsh = 0x08;
inline constexpr uint8_t kAck = 0x10;
inline constexpr uint8_t kUrg = 0x20;

/// "10.1.0.10" as an address; throws std::invalid_argument for what is none.
Be32 ip(std::string_view text);

/// 02:00:00:00:00:`last`.
constexpr MacAddress mac(uint8_t last) {
    return {2, 0, 0, 0, 0, last};
}

class Frame {
public:
    Frame& ether(const MacAddress& source, const MacAddress& destination);
    Frame& vlan(uint16_t id);  ///< A tag of 802.1Q.

    Frame& ipv4(std::string_view source, std::string_view destination);
    Frame& ipv4(Be32 source, Be32 destination);
    Frame& ttl(uint8_t value);
    Frame& tos(uint8_t value);
    Frame& id(uint16_t value);
    Frame& dont_fragment();
    Frame& fragment(uint16_t offset_bytes, bool more);
    Frame& ip_options(Bytes options);  ///< A multiple of 4 bytes.

    Frame& tcp(uint16_t source_port, uint16_t destination_port, uint8_t flags = kAck);
    Frame& seq(uint32_t value);
    Frame& ack(uint32_t value);
    Frame& window(uint16_t value);
    Frame& tcp_options(Bytes options);  ///< A multiple of 4 bytes.

    Frame& udp(uint16_t source_port, uint16_t destination_port);
    Frame& without_udp_checksum();  ///< UDP-Lite likewise, which is not allowed to.
    /// The checksum covers `coverage` bytes; 0: all.
    Frame& udp_lite(uint16_t source_port, uint16_t destination_port, uint16_t coverage = 0);

    /// SCTP with the chunks that chunk() adds.
    Frame& sctp(uint16_t source_port, uint16_t destination_port, uint32_t tag);
    Frame& chunk(uint8_t type, uint8_t flags = 0, Bytes value = {});
    /// INIT (type 1) or INIT ACK (2).
    Frame& init(uint8_t type, uint32_t initiate_tag);

    Frame& echo_request(uint16_t identifier, uint16_t sequence = 1);
    Frame& echo_reply(uint16_t identifier, uint16_t sequence = 1);
    /// Any ICMP message; `rest` is the second word of its header.
    Frame& icmp(uint8_t type, uint8_t code, uint32_t rest = 0);
    /// An ICMP error about `quoted`, which is an IP packet (see ip_bytes()).
    Frame& icmp_error(uint8_t type, uint8_t code, Bytes quoted, uint16_t mtu = 0);

    /// An IP packet of another protocol, with the payload right behind the IP header.
    Frame& protocol(uint8_t number);

    Frame& payload(size_t count);  ///< That many bytes of a pattern.
    Frame& payload(Bytes content);
    Frame& padding(size_t count);  ///< Bytes behind the IP packet, as short Ethernet frames have.

    // What no sound sender does.
    Frame& ether_type(uint16_t value);
    Frame& ip_version(uint8_t value);
    Frame& ip_header_words(uint8_t value);
    Frame& ip_total_length(uint16_t value);
    Frame& bad_ip_checksum();
    Frame& tcp_header_words(uint8_t value);
    Frame& udp_length(uint16_t value);
    Frame& bad_transport_checksum();

    Bytes bytes() const;     ///< The whole frame.
    Bytes ip_bytes() const;  ///< Without the Ethernet header and the padding.

private:
    enum class Kind : uint8_t { Raw, Tcp, Udp, UdpLite, Sctp, Icmp };

    Bytes transport_header(size_t payload_bytes) const;
    Bytes ip_header(size_t transport_size) const;
    size_t covered(size_t size) const;
    void fill_transport_checksum(Bytes& transport, const Bytes& header) const;

    MacAddress source_mac_ = mac(1);
    MacAddress destination_mac_ = mac(2);
    std::optional<uint16_t> vlan_;
    uint16_t ether_type_ = 0x0800;

    Be32 source_;
    Be32 destination_;
    uint8_t ttl_ = 64;
    uint8_t tos_ = 0;
    uint16_t id_ = 0;
    uint16_t fragment_field_ = 0;
    Bytes ip_options_;
    uint8_t version_ = 4;
    std::optional<uint8_t> header_words_;
    std::optional<uint16_t> total_length_;
    bool bad_ip_checksum_ = false;

    Kind kind_ = Kind::Raw;
    uint8_t protocol_ = 253;  // RFC 3692: for experiments
    uint16_t source_port_ = 0;
    uint16_t destination_port_ = 0;
    uint8_t tcp_flags_ = 0;
    uint32_t seq_ = 1000;
    uint32_t ack_ = 2000;
    uint16_t window_ = 65535;
    Bytes tcp_options_;
    std::optional<uint8_t> tcp_header_words_;
    std::optional<uint16_t> udp_length_;
    bool without_udp_checksum_ = false;
    uint16_t coverage_ = 0;
    uint32_t tag_ = 0;
    Bytes chunks_;
    uint8_t icmp_type_ = 0;
    uint8_t icmp_code_ = 0;
    uint32_t icmp_rest_ = 0;
    bool bad_transport_checksum_ = false;

    Bytes payload_;
    size_t padding_ = 0;
};

/// The frame's IP packet in fragments with `bytes` bytes of payload each, a multiple of 8, but for
/// the last: whole frames, in order.
std::vector<Bytes> fragments_of(const Frame& whole, size_t bytes);

/// "Who has `target`? Tell `sender`", broadcast.
Bytes arp_request(const MacAddress& sender_mac, Be32 sender, Be32 target);

/// "`sender` is at `sender_mac`", to the one that asked.
Bytes arp_reply(const MacAddress& sender_mac, Be32 sender, const MacAddress& target_mac,
                Be32 target);

}  // namespace sluice::test
