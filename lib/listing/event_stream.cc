// SPDX-License-Identifier: BSD-3-Clause
#include "listing/event_stream.h"

namespace sluice::listing {

uint64_t EventStream::next(std::string& out) {
    out.clear();
    entries_.clear();
    reader_.read(entries_);
    const uint64_t lost = reader_.take_lost();
    if (lost != 0)
        append_lost(out, lost);
    for (const flow::JournalEntry& entry : entries_)
        append(out, entry);
    return lost;
}

/// By the addresses of that time.
bool EventStream::is_wanted(const flow::JournalEntry& entry) {
    params_.filter.naming = params_.filter.naming.at(entry.time);
    return entry.kind() == flow::Kind::Flow && params_.filter.matches(entry_of(entry));
}

void EventStream::append(std::string& out, const flow::JournalEntry& entry) {
    const nat64::Naming& naming = params_.filter.naming;
    const bool is_json = params_.format == Format::Json;
    if (entry.kind() == flow::Kind::Block && is_json && params_.filter.is_empty())
        return append_json_block(out, entry, TimeOfDay(), {.naming = naming});
    if (!is_wanted(entry))
        return;
    if (is_json)
        return append_json_flow(out, entry, TimeOfDay(), naming);
    if (params_.timestamps)
        append_timestamp(out, entry, TimeOfDay());
    append_flow(out, entry, naming, params_.shown);
}

void EventStream::append_lost(std::string& out, uint64_t count) const {
    out += params_.format == Format::Json
               ? R"({"event":"lost","count":)" + std::to_string(count) + "}\n"
               : "   [LOST] " + std::to_string(count) + " events\n";
}

}  // namespace sluice::listing
