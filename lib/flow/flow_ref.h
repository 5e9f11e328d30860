// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// FlowRef: a flow's record by its index, and a direction.

#include "net/tuple.h"

#include <cstdint>

namespace sluice::flow {

/// A flow and the direction in which a packet travels on it. Four bytes, passed by value.
class FlowRef {
public:
    constexpr FlowRef() = default;
    constexpr FlowRef(uint32_t index, net::Direction direction)
        : bits_(index << 1 | static_cast<uint32_t>(direction)) {}

    constexpr explicit operator bool() const { return bits_ != kMiss; }
    constexpr uint32_t index() const { return bits_ >> 1; }
    constexpr net::Direction direction() const { return static_cast<net::Direction>(bits_ & 1); }
    constexpr bool operator==(const FlowRef&) const = default;

private:
    static constexpr uint32_t kMiss = ~uint32_t{0};
    uint32_t bits_ = kMiss;
};

static_assert(sizeof(FlowRef) == 4, "a burst of 32 refs must fit two cache lines");

}  // namespace sluice::flow
