// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Headers: what an IPv6 header and those behind it say, up to that of the transport.
///
/// Threads  Pure functions of bytes.
/// Errors   A drop reason: Ipv6Malformed where the headers contradict themselves or end too early,
///          Ipv6Routing where one names routers on the way, Ipv6Untranslatable where what follows a
///          fragment header, or nothing, cannot be said in IPv4. For who leaves it as it is, all
///          is said but of which protocol it is then: kNoTransport.
/// Source   RFC 8200 §3 and §4; RFC 7915 §5.1 on which of them are skipped.

#include "net/ipv6.h"
#include "stats/drop.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

namespace sluice::nat64 {

inline constexpr size_t kEtherBytes = 14;
inline constexpr size_t kMacsBytes = 12;
inline constexpr size_t kIpv4Bytes = 20;  ///< Without options.
inline constexpr size_t kIpv6Bytes = 40;
inline constexpr size_t kFragmentHeaderBytes = 8;
inline constexpr size_t kLeastMtu = 1280;  ///< No ICMPv6 error is larger (RFC 4443 §2.4).
inline constexpr uint8_t kIcmpv6 = 58;
inline constexpr uint8_t kNoTransport = 59;

struct Headers {
    net::Ipv6Address source;
    net::Ipv6Address destination;
    uint8_t traffic_class = 0;
    uint8_t hop_limit = 0;
    uint8_t protocol = 0;          ///< Of the transport header.
    bool is_fragment = false;      ///< Has a fragment header, be it the only fragment.
    bool has_more = false;         ///< Fragments behind this one.
    uint16_t bytes = 0;            ///< Of all headers before the transport's.
    uint16_t transport_bytes = 0;  ///< As the header says; of a quote they need not be there.
    uint16_t offset = 0;           ///< Of a fragment's first byte, in bytes.
    uint32_t identification = 0;

    bool is_first() const { return offset == 0; }
    /// A datagram whole in this packet.
    bool is_whole() const { return offset == 0 && !has_more; }
};

inline net::Ipv6Address address_at(const uint8_t* bytes) {
    net::Ipv6Address address;
    std::memcpy(address.bytes.data(), bytes, address.bytes.size());
    return address;
}

/// Reads the packet that begins with `bytes`, which go on elsewhere or were cut off, maybe.
std::optional<stats::Drop> read_headers(std::span<const uint8_t> bytes, Headers& headers);

}  // namespace sluice::nat64
