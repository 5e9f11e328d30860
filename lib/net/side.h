// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Side: where a packet comes from and where it goes, seen from the NAT.
///
/// Shape    Sides is two bits, so that a flow's record has room for it. Packets of the opposite
///          direction go the opposite way, so what a flow enters by in one direction is what it
///          leaves by in the other.

#include "base/enum.h"
#include "net/tuple.h"

#include <cstddef>
#include <cstdint>

namespace sluice::net {

/// Which side of the NAT.
enum class Side : uint8_t { Inside, Outside };

inline constexpr size_t kSideCount = 2;

constexpr Side opposite(Side side) {
    return side == Side::Inside ? Side::Outside : Side::Inside;
}

/// The sides by which a flow's packets come and go, for each direction.
class Sides {
public:
    /// From inside to the world, as most flows go.
    constexpr Sides() : Sides(Side::Inside, Side::Outside) {}
    /// Of the original direction.
    constexpr Sides(Side enter, Side leave)
        : bits_(static_cast<uint8_t>(index(enter) | index(leave) << 1)) {}

    constexpr Side enter(Direction direction) const {
        return static_cast<Side>(bits_ >> index(direction) & 1);
    }
    constexpr Side leave(Direction direction) const { return enter(opposite(direction)); }
    constexpr bool operator==(const Sides&) const = default;

    static constexpr unsigned kBits = 2;
    constexpr uint8_t bits() const { return bits_; }
    static constexpr Sides of_bits(uint8_t bits) {
        Sides sides;
        sides.bits_ = bits & ((1U << kBits) - 1);
        return sides;
    }

private:
    uint8_t bits_;
};

static_assert(sizeof(Sides) == 1);

}  // namespace sluice::net
