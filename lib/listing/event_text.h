// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Event text: what a journal tells, each as one line for people and programs.
///
/// Shape    Text has the lines of `conntrack -E`, and one of the same form for a block of ports;
///          JSON an object with the time in seconds since 1970.
/// IPv6     Hosts are told by the addresses that they had at the time of the event, as far as
///          `naming` knows (nat64/naming.h).
/// Errors   None: every entry can be told.
/// Source   Output of `conntrack -E -o timestamp`, conntrack 1.4.7.

#include "flow/journal.h"
#include "listing/flow_entry.h"
#include "listing/time_of_day.h"
#include "nat64/naming.h"

#include <cstdint>
#include <string>

namespace sluice::listing {

/// Of a flow's entry: what it says of the flow.
FlowEntry entry_of(const flow::JournalEntry& entry);

/// "[1790000000.123456]" and a tab.
void append_timestamp(std::string& out, const flow::JournalEntry& entry, const TimeOfDay& clock);
/// As `conntrack -E -o` has them.
struct EventShown {
    bool extended = false;  ///< IPv4 or IPv6.
    bool id = false;        ///< A number that names the flow among all.
};

void append_flow(std::string& out, const flow::JournalEntry& entry, const nat64::Naming& naming,
                 const EventShown& shown = {});
void append_json_flow(std::string& out, const flow::JournalEntry& entry, const TimeOfDay& clock,
                      const nat64::Naming& naming);

struct BlockWords {
    uint16_t ports = 0;  ///< Of each; 0 where that is not known, and only the first port is told.
    nat64::Naming naming = {};
};

void append_block(std::string& out, const flow::JournalEntry& entry, const BlockWords& words);
void append_json_block(std::string& out, const flow::JournalEntry& entry, const TimeOfDay& clock,
                       const BlockWords& words);

}  // namespace sluice::listing
