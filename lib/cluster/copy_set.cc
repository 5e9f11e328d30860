// SPDX-License-Identifier: BSD-3-Clause
#include "cluster/copy_set.h"

#include "flow/flow_record.h"
#include "sync/copying.h"

#include <algorithm>
#include <utility>

namespace sluice::cluster {
namespace {

using sync::Change;
using sync::Owned;

/// Since it was told that long ago; its deadline is not nearer for that: packets that move it on
/// are not told of, and its end would have been.
sync::Record aged(sync::Record record, Moment time) {
    const int64_t old = std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
    record.age = static_cast<uint32_t>(std::min<int64_t>(record.age + old, INT32_MAX));
    return record;
}

bool is_one_of(Be32 address, std::span<const Owned> ascending) {
    const auto found = std::ranges::lower_bound(ascending, address, {}, &Owned::address);
    return found != ascending.end() && found->address == address;
}

bool is_by_one_of(const sync::Record& record, std::span<const Owned> ascending) {
    return std::ranges::any_of(record.tuple, [&](const net::Tuple& tuple) {
        return is_one_of(tuple.destination, ascending);
    });
}

}  // namespace

CopySet::CopySet(std::vector<Owned> owned, CopyRoom& room) : owned_(std::move(owned)), room_(room) {
    std::ranges::sort(owned_);
}

void CopySet::hear(const sync::Incoming::Message& message, Moment now) {
    switch (message.type) {
        case sync::Type::Records:
            for (size_t i = 0; i < message.count<sync::Record>(); ++i)
                put(message.entry<sync::Record>(i), now);
            break;
        case sync::Type::Ends:
            for (size_t i = 0; i < message.count<sync::End>(); ++i)
                end(message.entry<sync::End>(i));
            break;
        case sync::Type::Complete:
            is_told_ = true;
            break;
        default:
            break;
    }
}

void CopySet::put(const sync::Record& record, Moment now) {
    const auto known = entries_.find(record.index);
    if (known != entries_.end()) {
        known->second = {record, now};
        return;
    }
    if (owned_.empty())
        return;  // nothing is wanted of this teller any more
    if (room_.used >= room_.most) {
        ++room_.refused;
        has_refused_ = true;
        return;
    }
    entries_.emplace(record.index, Entry{record, now});
    ++room_.used;
}

/// Not of a later flow, to which the teller has put the record.
void CopySet::end(const sync::End& end) {
    const auto known = entries_.find(end.index);
    if (known != entries_.end() && known->second.record.generation == end.generation)
        room_.used -= entries_.erase(end.index);
}

std::vector<Change> CopySet::take(std::span<const Owned> addresses, Moment now) {
    std::vector<sync::Record> records;
    for (auto entry = entries_.begin(); entry != entries_.end();) {
        if (!is_by_one_of(entry->second.record, addresses)) {
            ++entry;
            continue;
        }
        records.push_back(aged(entry->second.record, now - entry->second.heard));
        entry = entries_.erase(entry);
        --room_.used;
    }
    std::vector<Change> changes;
    changes.reserve(records.size() + 2);
    changes.push_back({.what = Change::What::Begin});
    for (const flow::Kind kind : sync::kTellingOrder)
        for (const sync::Record& record : records)
            if (static_cast<flow::Kind>(record.tuple[0].kind) == kind)
                changes.push_back({.what = Change::What::Put, .record = record});
    changes.push_back({.what = Change::What::Complete});
    forget(addresses);
    return changes;
}

void CopySet::forget(std::span<const Owned> newer) {
    std::erase_if(owned_, [&](const Owned& owned) { return is_one_of(owned.address, newer); });
    if (owned_.empty())
        clear();
}

void CopySet::clear() {
    room_.used -= entries_.size();
    entries_.clear();
}

}  // namespace sluice::cluster
