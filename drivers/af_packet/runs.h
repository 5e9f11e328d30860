// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Runs: TCP segments of one burst that can leave as one large frame, and the header of that.
///
/// Shape    Pure functions over packets of one mbuf segment each.
///          Only what differs as the segments of one frame do is put together: the receiver gets
///          the same segments, in number, size and content. Only packets whose checksums are known
///          to be right, by whoever set the mbuf's flags, are: the frame gets a new one.
/// Source   RFC 9293 §3.1; RFC 6864 §4.1 (identifications of packets with DF say nothing).

#include "af_packet/vnet_header.h"

#include <cstddef>
#include <cstdint>
#include <span>

struct rte_mbuf;

namespace sluice::af_packet {

/// Bytes of the Ethernet, IP and TCP headers that a run may have, without a tag.
inline constexpr size_t kMostRunHeaders = 14 + 20 + 60;

/// How many packets from the front on leave as one frame; 1 when the first one goes alone.
unsigned run_length(std::span<rte_mbuf* const> packets);

/// Writes the headers of the frame that `run` becomes, without a tag; returns how many bytes each
/// packet's headers have. `offload` tells the kernel how to cut it again.
size_t write_run_headers(std::span<rte_mbuf* const> run, std::span<uint8_t> headers,
                         VnetHeader& offload);

}  // namespace sluice::af_packet
