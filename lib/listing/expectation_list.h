// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Expectation list: flows that others have foretold and that have not come yet, as people and
/// programs read them.
///
/// Shape    Text as `conntrack -L expect` prints it, a line each; JSON as an array with an object
///          each. What is foretold has no source port, but a call of PPTP both call IDs.
/// Threads  Any, several at once (listing/walk.h).
/// Source   nfct_exp_snprintf() of libnetfilter_conntrack.

#include "base/clock.h"
#include "flow/flow_table.h"
#include "nat64/naming.h"
#include "net/tuple.h"

#include <string>
#include <vector>

namespace sluice::listing {

struct ExpectationEntry {
    net::Tuple expected;  ///< As the packets of the foretold flow will come.
    net::Endpoint waits;  ///< Who will receive them.
    net::Tuple master;    ///< The original tuple of the flow that has foretold it.
    Duration left;
    Be16 call_id = {};  ///< Of a call of PPTP: its client's own.
};

std::vector<ExpectationEntry> expectations(flow::FlowTable& table, Tick now);

std::string expectations_text(const std::vector<ExpectationEntry>& entries,
                              const nat64::Naming& naming = {});
std::string expectations_json(const std::vector<ExpectationEntry>& entries,
                              const nat64::Naming& naming = {});

}  // namespace sluice::listing
