// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Doomed: flows that somebody outside the data path has chosen to end, a few at a time.
///
/// Threads  Any that is no member of the flow table. While it is one, no record that ends is used
///          again: so it leaves the idle class meanwhile (AtRest), in which it might get no CPU
///          for as long as others want it.
/// Cost     Of the flow table's max_members, one for 16 flows at a time.

#include "flow/flow_table.h"

#include <cstdint>
#include <span>

namespace sluice::listing {

struct Doomed {
    uint32_t index;
    flow::LifeWord life;
};

/// Ends them, and returns how many ended by this call. A record that is another flow's by now has
/// another life word: it stays.
uint64_t end_all(flow::FlowTable& table, std::span<const Doomed> doomed);

}  // namespace sluice::listing
