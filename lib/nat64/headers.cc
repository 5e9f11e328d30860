// SPDX-License-Identifier: BSD-3-Clause
#include "nat64/headers.h"

#include <algorithm>

namespace sluice::nat64 {

using stats::Drop;

namespace {

enum Next : uint8_t {
    HopByHop = 0,
    Routing = 43,
    Fragment = 44,
    DestinationOptions = 60,
};

bool is_extension(uint8_t next) {
    return next == HopByHop || next == Routing || next == Fragment || next == DestinationOptions;
}

uint16_t read16(std::span<const uint8_t> bytes, size_t at) {
    return static_cast<uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

void read_fixed(std::span<const uint8_t> bytes, Headers& headers) {
    std::copy_n(bytes.begin() + 8, 16, headers.source.bytes.begin());
    std::copy_n(bytes.begin() + 24, 16, headers.destination.bytes.begin());
    headers.traffic_class = static_cast<uint8_t>(bytes[0] << 4 | bytes[1] >> 4);
    headers.protocol = bytes[6];
    headers.hop_limit = bytes[7];
}

void read_fragment(std::span<const uint8_t> bytes, size_t at, Headers& headers) {
    const uint16_t field = read16(bytes, at + 2);
    headers.is_fragment = true;
    headers.offset = field & 0xfff8;
    headers.has_more = (field & 1) != 0;
    headers.identification = uint32_t{read16(bytes, at + 4)} << 16 | read16(bytes, at + 6);
}

}  // namespace

std::optional<Drop> read_headers(std::span<const uint8_t> bytes, Headers& headers) {
    headers = {};
    if (bytes.size() < kIpv6Bytes || bytes[0] >> 4 != 6)
        return Drop::Ipv6Malformed;
    read_fixed(bytes, headers);
    const size_t end = kIpv6Bytes + read16(bytes, 4);
    size_t at = kIpv6Bytes;
    while (is_extension(headers.protocol) && !headers.is_fragment) {
        constexpr size_t kUnit = 8;
        if (at + kUnit > std::min(end, bytes.size()))
            return Drop::Ipv6Malformed;
        const uint8_t type = headers.protocol;
        headers.protocol = bytes[at];
        if (type == Routing && bytes[at + 3] != 0)
            return Drop::Ipv6Routing;
        if (type == Fragment)
            read_fragment(bytes, at, headers);
        at += type == Fragment ? kUnit : kUnit + bytes[at + 1] * kUnit;
    }
    const bool is_sayable = headers.protocol != kNoTransport && !is_extension(headers.protocol);
    if (is_sayable && (at > end || at > bytes.size()))
        return Drop::Ipv6Malformed;
    if (headers.protocol == Routing)
        return Drop::Ipv6Routing;  // behind a fragment header, where none is looked for
    if (!is_sayable) {
        headers.protocol = kNoTransport;
        at = std::min(at, end);
    }
    headers.bytes = static_cast<uint16_t>(at);
    headers.transport_bytes = static_cast<uint16_t>(end - at);
    return is_sayable ? std::nullopt : std::optional(Drop::Ipv6Untranslatable);
}

}  // namespace sluice::nat64
