// SPDX-License-Identifier: BSD-3-Clause
#include "sctp/packet.h"

#include <algorithm>
#include <cstring>

namespace sluice::sctp {
namespace {

constexpr size_t kTagOffset = 4;

/// RFC 9260 §3.2.
Chunk chunk_of(uint8_t type) {
    switch (type) {
        case 1:
            return Chunk::Init;
        case 2:
            return Chunk::InitAck;
        case 6:
            return Chunk::Abort;
        case 7:
            return Chunk::Shutdown;
        case 8:
            return Chunk::ShutdownAck;
        case 9:
            return Chunk::Error;
        case 10:
            return Chunk::CookieEcho;
        case 11:
            return Chunk::CookieAck;
        case 14:
            return Chunk::ShutdownComplete;
        default:
            return Chunk::Other;
    }
}

bool offers_tag(Chunk chunk) {
    return chunk == Chunk::Init || chunk == Chunk::InitAck;
}

/// Whether a chunk may follow others.
bool may_follow(Chunk chunk) {
    return !offers_tag(chunk) && chunk != Chunk::ShutdownComplete && chunk != Chunk::CookieEcho &&
           chunk != Chunk::CookieAck;
}

/// Takes one chunk of `length` bytes, of which `head` are at hand. False when it may not stand
/// here.
bool take(Packet& packet, std::span<const uint8_t> head, size_t length) {
    const Chunk chunk = chunk_of(head[0]);
    if (packet.chunks != 0 && !may_follow(chunk))
        return false;
    if (offers_tag(chunk)) {
        constexpr size_t kBytes = kChunkHeaderBytes + sizeof packet.initiate_tag;
        if (std::min(head.size(), length) < kBytes)
            return false;
        std::memcpy(&packet.initiate_tag, head.data() + kChunkHeaderBytes,
                    sizeof packet.initiate_tag);
    }
    if (chunk == Chunk::Abort || chunk == Chunk::ShutdownComplete)
        packet.reflects |= (head[1] & 1) != 0;
    packet.chunks = static_cast<uint16_t>(packet.chunks | 1u << index(chunk));
    return true;
}

/// Whether what the packet has is to stand alone.
bool wants_no_company(const Packet& packet) {
    return packet.has(Chunk::Init) || packet.has(Chunk::InitAck) ||
           packet.has(Chunk::ShutdownComplete);
}

}  // namespace

std::optional<Packet> read(std::span<const uint8_t> head, size_t bytes) {
    Packet packet;
    std::memcpy(&packet.tag, head.data() + kTagOffset, sizeof packet.tag);
    unsigned count = 0;
    for (size_t at = kHeaderBytes; at + kChunkHeaderBytes <= bytes; ++count) {
        if (at + kChunkHeaderBytes > head.size())
            break;  // in the next segment
        const size_t length = size_t{head[at + 2]} << 8 | head[at + 3];
        if (length < kChunkHeaderBytes || length > bytes - at ||
            !take(packet, head.subspan(at), length))
            return std::nullopt;
        at += (length + 3) / 4 * 4;
    }
    if (count == 0 || (count > 1 && wants_no_company(packet)))
        return std::nullopt;
    return packet;
}

}  // namespace sluice::sctp
