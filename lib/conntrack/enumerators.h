// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Sets of enumerators, in which the rows of the state tables are written.

#include "base/enum.h"

#include <cstdint>

namespace sluice::conntrack {

/// Those whose positions are below 16, one bit each.
template <typename... Es>
constexpr uint16_t set(Es... members) {
    return static_cast<uint16_t>((0u | ... | (1u << index(members))));
}

}  // namespace sluice::conntrack
