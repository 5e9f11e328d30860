// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// CRC32c, the checksum of SCTP: of bytes, and of what changes in them.
///
/// Shape    The CRC is linear: the CRCs of two texts of one length differ by the CRC, begun with 0,
///          of their difference. So a change of a few bytes is brought into a packet's CRC without
///          its other bytes, and a packet that came damaged stays so.
/// Units    value() is the number; SCTP has it in the packet with its lowest byte first.
/// Cost     Eight bytes an instruction on CPUs with SSE4.2 or ARMv8's CRC, found at run time; else
///          by table (rte_hash_crc).
/// Source   RFC 9260 §6.8 and appendix A; RFC 3720 §B.4 (test vectors); RFC 3309.

#include <cstddef>
#include <cstdint>
#include <span>

namespace sluice::sctp {

class Crc32c {
public:
    void add(std::span<const uint8_t> bytes);
    uint32_t value() const { return ~state_; }

private:
    uint32_t state_ = ~uint32_t{0};
};

/// What a CRC32c changes by, as an exclusive or, where `difference` is the exclusive or of what was
/// and what is, and `behind` bytes that stay as they are follow it.
uint32_t crc32c_change(std::span<const uint8_t> difference, size_t behind);

}  // namespace sluice::sctp
