// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Packet text: what became of a packet, in words.
///
/// Shape    In one line, as a capture's comment, or as a block of a trace.

#include "listing/interface_name.h"
#include "nat64/naming.h"
#include "observe/packet_entry.h"

#include <cstdint>
#include <span>
#include <string>

namespace sluice::listing {

/// What the texts must know of the gateway.
struct PacketWords {
    std::span<const InterfaceName> interfaces;
    unsigned workers = 1;
    nat64::Naming naming = {};
};

/// "10.1.0.5:4000 -> 198.51.100.1:4000, new", or the reason of a drop with its advice. Empty for a
/// frame of which nothing is known but itself.
std::string packet_comment(const observe::PacketEntry& entry, const nat64::Naming& naming = {});

/// Appends the packet's way as a block of lines; `time` is in nanoseconds since 1970.
void append_trace(std::string& out, const observe::PacketEntry& entry, int64_t time,
                  const PacketWords& words);

}  // namespace sluice::listing
