// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// ARP for IPv4 over Ethernet: reading and writing whole frames.
///
/// Source   RFC 826; RFC 5227 §1.1 for gratuitous announcements.

#include "base/big_endian.h"
#include "net/mac.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace sluice::net {

struct Arp {
    enum class Operation : uint16_t { Request = 1, Reply = 2 };

    Operation operation;
    MacAddress sender_mac;
    Be32 sender;
    MacAddress target_mac;
    Be32 target;
};

inline constexpr size_t kArpFrameBytes = 42;

/// Reads an Ethernet frame; nothing when it is no sound ARP request or reply for IPv4. The sender's
/// MAC is one that a host can have: neither zero nor a group address. `sender` may be 0.0.0.0
/// (a probe).
std::optional<Arp> read_arp(std::span<const uint8_t> frame);

/// Writes the frame, addressed to `destination`, from arp.sender_mac. `frame` holds kArpFrameBytes,
/// which are returned.
size_t write_arp(std::span<uint8_t> frame, const MacAddress& destination, const Arp& arp);

}  // namespace sluice::net
