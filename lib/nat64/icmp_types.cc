// SPDX-License-Identifier: BSD-3-Clause
#include "nat64/icmp_types.h"

#include <algorithm>

namespace sluice::nat64 {
namespace {

enum Icmp : uint8_t {
    EchoReply = 0,
    Unreachable = 3,
    Quench = 4,
    Redirect = 5,
    Echo = 8,
    TimeExceeded = 11,
    Parameter = 12,
};
enum Icmpv6 : uint8_t {
    Unreachable6 = 1,
    TooBig6 = 2,
    TimeExceeded6 = 3,
    Parameter6 = 4,
    Echo6 = 128,
    EchoReply6 = 129,
};

constexpr uint32_t kHeadersDiffer = 20;  // 40 bytes of IPv6, 20 of IPv4
constexpr uint32_t kFragmentHeader = 8;
constexpr uint32_t kLeastIpv4Mtu = 68;
constexpr uint32_t kLeastIpv6Mtu = 1280;

constexpr IcmpHead plain(uint8_t type, uint8_t code) {
    return {type, code, 0};
}

/// Of the fields that both headers have.
std::optional<IcmpHead> parameter_to_icmp(uint32_t pointer) {
    const auto at = [](uint32_t place) { return IcmpHead{Parameter, 0, place << 24}; };
    switch (pointer) {
        case 0:
        case 1:
            return at(pointer);
        case 4:
        case 5:
            return at(2);  // length
        case 6:
            return at(9);  // next header
        case 7:
            return at(8);  // hop limit
        default:
            break;
    }
    if (pointer >= 8 && pointer < 24)
        return at(12);
    return pointer >= 24 && pointer < 40 ? std::optional(at(16)) : std::nullopt;
}

std::optional<IcmpHead> parameter_to_icmpv6(uint32_t pointer) {
    const auto at = [](uint32_t place) { return IcmpHead{Parameter6, 0, place}; };
    switch (pointer) {
        case 0:
        case 1:
            return at(pointer);
        case 2:
        case 3:
            return at(4);
        case 8:
            return at(7);
        case 9:
            return at(6);
        default:
            break;
    }
    if (pointer >= 12 && pointer < 16)
        return at(8);
    return pointer >= 16 && pointer < 20 ? std::optional(at(24)) : std::nullopt;
}

std::optional<IcmpHead> unreachable_to_icmp(uint8_t code) {
    switch (code) {
        case 0:  // no route
        case 2:  // beyond scope of source address
        case 3:  // address
            return plain(Unreachable, 1);
        case 1:  // prohibited
            return plain(Unreachable, 10);
        case 4:  // port
            return plain(Unreachable, 3);
        default:
            return std::nullopt;
    }
}

/// The largest size below that of a packet which was too big (RFC 1191 §7.1), where a router does
/// not say which MTU is the next one.
uint32_t plateau(uint16_t total_bytes) {
    constexpr uint32_t kPlateaus[] = {32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296, 68};
    for (const uint32_t size : kPlateaus)
        if (size < total_bytes)
            return size;
    return kLeastIpv4Mtu;
}

std::optional<IcmpHead> unreachable_to_icmpv6(const IcmpHead& head, uint16_t total_bytes) {
    switch (head.code) {
        case 2:  // protocol: the next header is not known there
            return IcmpHead{Parameter6, 1, 6};
        case 3:
            return plain(Unreachable6, 4);
        case 4: {
            const uint32_t said = head.rest & 0xffff;
            const uint32_t mtu = (said != 0 ? said : plateau(total_bytes)) + kHeadersDiffer;
            return IcmpHead{TooBig6, 0, std::max(mtu, kLeastIpv6Mtu)};
        }
        case 9:
        case 10:
        case 13:
        case 15:
            return plain(Unreachable6, 1);
        case 14:
            return std::nullopt;
        default:
            return head.code <= 12 ? std::optional(plain(Unreachable6, 0)) : std::nullopt;
    }
}

}  // namespace

bool is_icmp_error(uint8_t type) {
    return type == Unreachable || type == Quench || type == Redirect || type == TimeExceeded ||
           type == Parameter;
}

std::optional<IcmpHead> to_icmp(const IcmpHead& head, bool has_fragment_header) {
    switch (head.type) {
        case Echo6:
            return IcmpHead{Echo, head.code, head.rest};
        case EchoReply6:
            return IcmpHead{EchoReply, head.code, head.rest};
        case Unreachable6:
            return unreachable_to_icmp(head.code);
        case TooBig6: {
            const uint32_t lost = kHeadersDiffer + (has_fragment_header ? kFragmentHeader : 0);
            const uint32_t mtu = std::clamp(head.rest, kLeastIpv4Mtu + lost, 0xffffu) - lost;
            return IcmpHead{Unreachable, 4, mtu};
        }
        case TimeExceeded6:
            return plain(TimeExceeded, head.code);  // unchanged, whichever it is
        case Parameter6:
            if (head.code == 1)
                return plain(Unreachable, 2);
            return head.code == 0 ? parameter_to_icmp(head.rest) : std::nullopt;
        default:
            return std::nullopt;
    }
}

std::optional<IcmpHead> to_icmpv6(const IcmpHead& head, uint16_t total_bytes) {
    switch (head.type) {
        case Echo:
            return IcmpHead{Echo6, head.code, head.rest};
        case EchoReply:
            return IcmpHead{EchoReply6, head.code, head.rest};
        case Unreachable:
            return unreachable_to_icmpv6(head, total_bytes);
        case TimeExceeded:
            return plain(TimeExceeded6, head.code);
        case Parameter:
            return head.code == 0 || head.code == 2 ? parameter_to_icmpv6(head.rest >> 24)
                                                    : std::nullopt;
        default:
            return std::nullopt;
    }
}

}  // namespace sluice::nat64
