// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Pieces: which parts of a datagram have come.
///
/// Shape    Sorted ranges, each as it came, never joined: an exact duplicate is told from an
///          overlap.
/// Units    Bytes behind the IP header.
/// Errors   A piece that does not fit is not taken, and add() says why.
/// Cost     Constant for pieces in order; else a search and a move among at most kMostPieces.
/// Source   RFC 791 §3.2; RFC 1858 §3 and RFC 3128 (what overlaps are good for); RFC 5722 §4 drops
///          the whole datagram, as is done here.

#include "net/packet.h"

#include <array>
#include <cstdint>
#include <optional>

namespace sluice::fragment {

/// What one fragment carries.
struct Piece {
    uint16_t offset = 0;
    uint16_t bytes = 0;  ///< At least 1.
    bool more = false;   ///< It is not the last.

    constexpr uint32_t end() const { return uint32_t{offset} + bytes; }
    constexpr bool is_first() const { return offset == 0; }
};

/// Of a packet that net::parse() has found to be a sound fragment.
Piece piece_of(const net::Packet& packet);

/// Into how many pieces a datagram may come: 65 535 bytes over links of 576 make 119.
inline constexpr unsigned kMostPieces = 128;

enum class Fit : uint8_t {
    New,
    Duplicate,  ///< Just that piece has come before.
    Overlap,    ///< It contradicts the others: overlaps one, or lies behind the end.
    TooMany,
};

class Pieces {
public:
    Fit add(const Piece& piece);
    void clear() { *this = {}; }

    /// The datagram's length, once its last piece has come.
    std::optional<uint16_t> total() const;
    /// All has come.
    bool is_complete() const { return total() == bytes_; }

private:
    struct Range {
        uint16_t offset;
        uint16_t bytes;
        uint32_t end() const { return uint32_t{offset} + bytes; }
    };

    std::array<Range, kMostPieces> ranges_{};
    uint16_t count_ = 0;
    uint16_t bytes_ = 0;     // of all pieces
    bool has_last_ = false;  // the last range is the datagram's last piece
};

}  // namespace sluice::fragment
