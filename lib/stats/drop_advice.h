// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Drop advice: what a drop reason means and what to do about it, for who asks about a packet.
///
/// Source   The tables of docs/drops.md, without their markup; scripts/check-drops.py compares.

#include "stats/drop.h"

#include <string_view>

namespace sluice::stats {

struct DropAdvice {
    std::string_view meaning;
    std::string_view remedy;  ///< What to do.
};

const DropAdvice& drop_advice(Drop reason);

}  // namespace sluice::stats
