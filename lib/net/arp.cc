// SPDX-License-Identifier: BSD-3-Clause
#include "net/arp.h"

#include <bit>
#include <cassert>
#include <cstring>

namespace sluice::net {
namespace {

using AddressBytes = std::array<uint8_t, 4>;  // not Be32: the target's stands at an odd place

struct ArpFrame {
    MacAddress destination;
    MacAddress source;
    Be16 ether_type;
    Be16 hardware;
    Be16 protocol;
    uint8_t hardware_bytes;
    uint8_t protocol_bytes;
    Be16 operation;
    MacAddress sender_mac;
    AddressBytes sender;
    MacAddress target_mac;
    AddressBytes target;
};
static_assert(sizeof(ArpFrame) == kArpFrameBytes);

constexpr Be16 kEtherTypeArp = Be16::from_host(0x0806);
constexpr Be16 kHardwareEthernet = Be16::from_host(1);
constexpr Be16 kProtocolIpv4 = Be16::from_host(0x0800);

bool is_host(const MacAddress& mac) {
    const bool is_group = (mac[0] & 1) != 0;
    return !is_group && mac != MacAddress{};
}

bool is_ipv4_over_ethernet(const ArpFrame& frame) {
    return frame.ether_type == kEtherTypeArp && frame.hardware == kHardwareEthernet &&
           frame.protocol == kProtocolIpv4 && frame.hardware_bytes == sizeof(MacAddress) &&
           frame.protocol_bytes == sizeof(AddressBytes);
}

}  // namespace

std::optional<Arp> read_arp(std::span<const uint8_t> bytes) {
    if (bytes.size() < kArpFrameBytes)
        return std::nullopt;
    ArpFrame frame;
    std::memcpy(&frame, bytes.data(), sizeof frame);
    const Arp::Operation operation{frame.operation.host()};
    const bool is_known =
        operation == Arp::Operation::Request || operation == Arp::Operation::Reply;
    if (!is_ipv4_over_ethernet(frame) || !is_known || !is_host(frame.sender_mac))
        return std::nullopt;
    return Arp{operation, frame.sender_mac, std::bit_cast<Be32>(frame.sender), frame.target_mac,
               std::bit_cast<Be32>(frame.target)};
}

size_t write_arp(std::span<uint8_t> bytes, const MacAddress& destination, const Arp& arp) {
    assert(bytes.size() >= kArpFrameBytes);
    const ArpFrame frame{
        .destination = destination,
        .source = arp.sender_mac,
        .ether_type = kEtherTypeArp,
        .hardware = kHardwareEthernet,
        .protocol = kProtocolIpv4,
        .hardware_bytes = sizeof(MacAddress),
        .protocol_bytes = sizeof(AddressBytes),
        .operation = Be16::from_host(static_cast<uint16_t>(arp.operation)),
        .sender_mac = arp.sender_mac,
        .sender = std::bit_cast<AddressBytes>(arp.sender),
        .target_mac = arp.target_mac,
        .target = std::bit_cast<AddressBytes>(arp.target),
    };
    std::memcpy(bytes.data(), &frame, sizeof frame);
    return sizeof frame;
}

}  // namespace sluice::net
