// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// What a packet socket says and is told about a frame, in front of it: what of checksums and of
/// segmentation is still to be done.
///
/// Units    Offsets in bytes from the frame's first; in the machine's byte order.
/// Source   virtio 1.2 §5.1.6, struct virtio_net_hdr: linux/virtio_net.h has it for C alone.

#include <cstdint>

namespace sluice::af_packet {

struct VnetHeader {
    static constexpr uint8_t kNeedsChecksum = 1;  ///< Of `flags`: it is summed up only in part.
    static constexpr uint8_t kChecksumValid = 2;
    // Of `gso`: what the frame is to be cut into.
    static constexpr uint8_t kWhole = 0;
    static constexpr uint8_t kTcp4 = 1;
    static constexpr uint8_t kTcp6 = 4;
    static constexpr uint8_t kUdp = 5;
    static constexpr uint8_t kEcn = 0x80;  ///< Beside one of these.

    uint8_t flags = 0;
    uint8_t gso = kWhole;
    uint16_t header_bytes = 0;     ///< Of all headers, as a hint.
    uint16_t payload_bytes = 0;    ///< In each segment but the last.
    uint16_t checksum_start = 0;   ///< Where what is summed begins: the transport header.
    uint16_t checksum_offset = 0;  ///< Of the checksum, from there.

    bool is_large() const { return gso != kWhole; }
};

static_assert(sizeof(VnetHeader) == 10);

}  // namespace sluice::af_packet
