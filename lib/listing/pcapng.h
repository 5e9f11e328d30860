// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// pcapng: the blocks of a capture file, as Wireshark and its like read them.
///
/// Shape    A section header, a description of each interface, then packets and statistics in any
///          order. Each function appends one whole block, so that a file may end behind any.
/// Units    Nanoseconds since 1970; numbers in the byte order of the machine, as the section header
///          tells.
/// Source   draft-ietf-opsawg-pcapng: Section Header, Interface Description, Enhanced Packet and
///          Interface Statistics Blocks.

#include "listing/interface_name.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace sluice::listing::pcapng {

enum class Direction : uint8_t { Inbound = 1, Outbound = 2 };

struct Packet {
    uint32_t interface = 0;  ///< By the order of the descriptions.
    int64_t time = 0;
    Direction direction{};
    uint32_t length = 0;               ///< Of the frame.
    std::span<const uint8_t> frame{};  ///< What of it was captured.
    std::string_view comment{};
};

struct Statistics {
    uint32_t interface = 0;
    int64_t time = 0;
    uint64_t delivered = 0;  ///< Packets, up to now.
    uint64_t lost = 0;       ///< Likewise, for the reader was too slow.
    std::string_view comment{};
};

void append_section(std::string& out, std::string_view application);
void append_interface(std::string& out, const InterfaceName& interface, uint32_t snaplen);
void append_packet(std::string& out, const Packet& packet);
void append_statistics(std::string& out, const Statistics& statistics);

}  // namespace sluice::listing::pcapng
