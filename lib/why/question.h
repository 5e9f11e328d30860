// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Question: a packet of which somebody wants to know what would become of it.
///
/// Shape    A whole frame, whether it has come by a wire or was made of what an operator says
///          (why/packet_words.h), so that it is read by what reads packets. Its MACs tell nothing.

#include "link/interfaces.h"
#include "net/side.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace sluice::why {

struct Question {
    std::vector<uint8_t> frame;
    /// By which interface it comes. kNoInterface: the one that leads back to its source, of those
    /// on `side` where that is given.
    link::InterfaceId from = link::kNoInterface;
    std::optional<net::Side> side = {};
    bool is_checked = true;  ///< Its checksums are asked for, as --verify-checksum says.
    /// Of a flow's packet: the numbers that stand in the frame (TCP: sequence and acknowledgment;
    /// SCTP: the tag) are not meant, but those that its sender would send next.
    bool is_next = false;
    /// An IPv6 host at one end stands in an IPv4 frame by its number, as on no wire.
    bool has_number = false;
    bool has_flags = true;  ///< Else a TCP segment of a flow has those that its sender would send.
};

}  // namespace sluice::why
