// SPDX-License-Identifier: BSD-3-Clause
#include "fragment/pieces.h"

#include "base/big_endian.h"

#include <rte_ip.h>

#include <algorithm>

namespace sluice::fragment {

Piece piece_of(const net::Packet& packet) {
    const unsigned field = Be16{packet.ip->fragment_offset}.host();
    return {static_cast<uint16_t>((field & RTE_IPV4_HDR_OFFSET_MASK) * RTE_IPV4_HDR_OFFSET_UNITS),
            static_cast<uint16_t>(packet.length - net::ip_header_bytes(packet)),
            (field & RTE_IPV4_HDR_MF_FLAG) != 0};
}

Fit Pieces::add(const Piece& piece) {
    Range* const begin = ranges_.data();
    Range* const end = begin + count_;
    Range* place = end;  // what comes in order goes behind all others
    if (count_ != 0 && piece.offset <= end[-1].offset)
        place = std::lower_bound(begin, end, piece.offset, [](const Range& range, uint16_t offset) {
            return range.offset < offset;
        });

    const bool is_last = place == end || (place + 1 == end && place->offset == piece.offset);
    if (place != end && place->offset == piece.offset) {
        const bool same_kind = piece.more != (has_last_ && is_last);
        return place->bytes == piece.bytes && same_kind ? Fit::Duplicate : Fit::Overlap;
    }
    if ((place != end && piece.end() > place->offset) ||
        (place != begin && place[-1].end() > piece.offset))
        return Fit::Overlap;
    // Nothing lies behind the last piece, and there is one last piece.
    if (place == end ? has_last_ : !piece.more)
        return Fit::Overlap;
    if (count_ == kMostPieces)
        return Fit::TooMany;

    std::move_backward(place, end, end + 1);
    *place = {piece.offset, piece.bytes};
    ++count_;
    bytes_ = static_cast<uint16_t>(bytes_ + piece.bytes);
    has_last_ |= !piece.more;
    return Fit::New;
}

std::optional<uint16_t> Pieces::total() const {
    if (!has_last_)
        return std::nullopt;
    return static_cast<uint16_t>(ranges_[count_ - 1u].end());
}

}  // namespace sluice::fragment
