// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// TCP options as a tracker needs them: what a SYN offers, and how far a selective ACK reaches.
///
/// Shape    One pass over the options; those of other kinds are stepped over by their length.
/// Errors   None. What stands before a length that cannot be is read, what follows is not.
/// Cost     Nothing for a header without options; one comparison where there is but a timestamp.
/// Source   RFC 9293 §3.2, RFC 7323 §2.2 (window scale), RFC 2018 §2 and §3 (SACK).

#include <cstdint>
#include <span>

namespace sluice::conntrack {

struct TcpOptions {
    bool are_present = false;  ///< The header is longer than its fixed part.
    bool window_scale_offered = false;
    uint8_t window_scale = 0;  ///< As it stands there; more than kMostWindowScale is not sound.
    bool sack_permitted = false;
    /// The highest right edge of the SACK blocks, where it is beyond the acknowledgment number;
    /// else that number.
    uint32_t sack_edge = 0;
};

inline constexpr uint8_t kMostWindowScale = 14;  ///< RFC 7323 §2.3.

/// As parse_tcp_options(), of options that are there.
TcpOptions parse_present_options(std::span<const uint8_t> options, uint32_t ack);

/// `options` is what lies between the fixed header and the data, `ack` the header's own.
inline TcpOptions parse_tcp_options(std::span<const uint8_t> options, uint32_t ack) {
    if (options.empty())
        return {.sack_edge = ack};
    return parse_present_options(options, ack);
}

}  // namespace sluice::conntrack
