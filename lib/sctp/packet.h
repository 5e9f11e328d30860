// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Packet: what of an SCTP packet's chunks a tracker wants to know.
///
/// Shape    A pure function of the packet's first bytes. Control chunks stand before data, so that
///          those in the first segment are all that matter.
/// Units    Tags are opaque words, compared and never counted: as they stand in the packet.
/// Errors   Chunks that no sound sender puts together are nothing (RFC 9260 §3 and §6.10): a length
///          below 4 or beyond the packet, INIT, INIT ACK or SHUTDOWN COMPLETE beside others, COOKIE
///          ECHO or COOKIE ACK behind others, no chunk at all.
/// Source   RFC 9260 §3.

#include "base/enum.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace sluice::sctp {

/// The chunks that mean something to a tracker, in the order in which one that finds several in a
/// packet takes them.
enum class Chunk : uint8_t {
    Other,
    Init,
    InitAck,
    CookieEcho,
    CookieAck,
    Error,
    Shutdown,
    ShutdownAck,
    ShutdownComplete,
    Abort,
};

inline constexpr size_t kChunkCount = index(Chunk::Abort) + 1;
inline constexpr size_t kHeaderBytes = 12;
inline constexpr size_t kChunkHeaderBytes = 4;

struct Packet {
    uint32_t tag = 0;           ///< Verification tag.
    uint32_t initiate_tag = 0;  ///< Of INIT and INIT ACK: what the answers are to carry.
    uint16_t chunks = 0;        ///< Bit index(Chunk).
    bool reflects = false;      ///< T bit of ABORT and SHUTDOWN COMPLETE: the tag is sent back.

    constexpr bool has(Chunk chunk) const { return (chunks >> index(chunk) & 1) != 0; }
};

/// Reads a packet of `bytes` bytes, of which `head`, kHeaderBytes or more, lie at hand.
std::optional<Packet> read(std::span<const uint8_t> head, size_t bytes);

}  // namespace sluice::sctp
