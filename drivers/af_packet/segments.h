// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Segments: what the kernel leaves to be done to a frame before it can go on a wire. It may carry
/// many segments in one frame (GSO), and a checksum of which only the pseudo-header is summed.
///
/// Shape    Pure functions over bytes. A large frame is planned by its headers, laid out in pieces
///          of one segment each, and then every piece is given headers of its own.
/// Units    Offsets from the first byte of the frame.
/// Errors   plan_pieces() returns nothing for what it cannot cut: a tunnel's inner segments, UFO,
///          or headers that contradict the kernel's words.
/// Source   virtio 1.2 §5.1.6 (struct virtio_net_hdr); RFC 9293 §3.1, RFC 768, RFC 9260 §6.8.

#include "af_packet/vnet_header.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace sluice::af_packet {

/// How a frame falls into pieces. Each has the frame's headers and a part of its payload.
struct Pieces {
    uint32_t transport = 0;  ///< Where the TCP or UDP header begins.
    uint32_t headers = 0;    ///< Bytes of all headers.
    uint32_t payload = 0;    ///< Bytes in each piece but the last.
    uint32_t last = 0;       ///< Bytes in the last.
    uint32_t count = 0;

    uint32_t payload_of(uint32_t piece) const { return piece + 1 == count ? last : payload; }
};

/// `head` are the first bytes of a frame of `frame_bytes`, headers included.
std::optional<Pieces> plan_pieces(std::span<const uint8_t> head, uint32_t frame_bytes,
                                  const VnetHeader& kernel);

/// Makes a packet of piece number `index`, whose frame holds the headers of the large frame and its
/// own part of the payload: lengths, identification, sequence, flags and checksums.
void finish_piece(std::span<uint8_t> frame, const Pieces& pieces, uint32_t index);

/// Finishes the checksum that `kernel` says is unfinished. False when it says where none can be.
bool finish_checksum(std::span<uint8_t> frame, const VnetHeader& kernel);

}  // namespace sluice::af_packet
