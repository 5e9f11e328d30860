// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Flows as people and programs read them: the lines of `conntrack -L`, and JSON.
///
/// Units    Timeouts in whole seconds, cut off as the kernel does.
/// IPv6     Tuples of the IPv6 side have the addresses that `naming` knows (nat64/naming.h).
/// Errors   None; a caller passes entries that have not expired.
/// Cost     A line is some 150 bytes and no allocation beyond the growth of `out`.
/// Source   Output of conntrack 1.4.7. `mark` is 0 and `use` is 1 in every line: sluice has neither
///          marks nor reference counts, but scripts expect the words.

#include "flow/journal.h"
#include "listing/flow_entry.h"
#include "nat64/naming.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::listing {

/// "tcp", "gre" and so on, as conntrack says it; "unknown" for one that has no name here.
std::string_view protocol_name(net::Protocol protocol);

/// Appends the flow's line, with the line feed.
void append_line(std::string& out, const FlowEntry& flow, const nat64::Naming& naming = {});

/// What a line of `conntrack -E` begins with.
std::string_view event_tag(flow::Event event);

/// What a line of `conntrack -E` has for who asks for it.
struct Extras {
    bool has_network_protocol = false;  ///< "ipv4     2", as `-o extended` has it.
    std::optional<uint64_t> id = {};    ///< As `-o id`.
};

/// Appends what has happened to a flow, as a line of `conntrack -E`.
void append_event(std::string& out, flow::Event event, const FlowEntry& flow,
                  const nat64::Naming& naming = {}, const Extras& extras = {});

/// Appends the flow as a JSON object on one line, without a line feed.
void append_json(std::string& out, const FlowEntry& flow, const nat64::Naming& naming = {});

}  // namespace sluice::listing
