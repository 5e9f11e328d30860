// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Flow filter: which flows an operator means.
///
/// Shape    All that is given must hold. Addresses and ports are those of the original direction,
///          as with conntrack's --src, --dst, --sport and --dport; the zone is that of either
///          direction. Whoever lists what it lets through names IPv6 hosts by its `naming`.
/// Errors   parse() refuses what it does not know, what is written wrongly, and what no flow could
///          match: a word misspelt must not delete every flow.

#include "base/result.h"
#include "listing/flow_entry.h"
#include "nat64/tuple_filter.h"

#include <map>
#include <optional>
#include <string>

namespace sluice::listing {

/// The part of a URL behind its '?', decoded.
using Query = std::multimap<std::string, std::string>;

struct FlowFilter : nat64::TupleFilter {
    std::optional<conntrack::TcpState> state = {};  ///< TCP flows only.
    std::optional<flow::Kind> kind = {};            ///< Nothing: flows, mappings and contacts.

    /// Reads src, dst (an address or a prefix), sport, dport, proto, state, zone and kind. IPv6 is
    /// refused where `naming` knows none.
    static Result<FlowFilter> parse(const Query& query, const nat64::Naming& naming = {});

    bool is_empty() const;  ///< Matches every flow.
    bool matches(const FlowEntry& flow) const;
};

}  // namespace sluice::listing
