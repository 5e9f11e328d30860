// SPDX-License-Identifier: BSD-3-Clause
#include "nat/searches.h"

namespace sluice::nat {
namespace {

/// A search that finds a free number after fewer taken ones is not in a crowded place. The next one
/// begins anew elsewhere: to go on would give out one number after the other.
constexpr unsigned kCrowded = 64;

}  // namespace

Searches::Set& Searches::set_of(const net::Tuple& key, pool::PortRange range) {
    uint64_t hash = uint64_t{key.source.raw} << 32 | key.destination.raw;
    hash = (hash ^ hash >> 29) * 0x9e3779b97f4a7c15;
    hash ^= uint64_t{key.source_port.raw} << 32 | uint64_t{range.first} << 8 |
            static_cast<uint8_t>(key.protocol);
    hash = (hash ^ hash >> 31) * 0x9e3779b97f4a7c15;
    return sets_[hash >> 32 & (kSets - 1)];
}

PortSearch* Searches::find(const net::Tuple& key, pool::PortRange range, Tick now) {
    net::Tuple plain = key;
    plain.destination_port = {};
    for (PortSearch& search : set_of(plain, range)) {
        if (search.key != plain || search.range != range)
            continue;
        search.used = now;
        const bool has_ended = search.endings != table_.endings().watch(plain);
        const bool is_old = search.is_over() && !(search.proven + kExhausted).is_after(now);
        if (!has_ended && !is_old)
            return &search;
        search = {};
    }
    return nullptr;
}

PortSearch& Searches::add(net::Tuple key, pool::PortRange range, Tick now) {
    key.destination_port = {};
    Set& set = set_of(key, range);
    PortSearch* place = &set[0];
    for (PortSearch& search : set) {
        const bool is_free = search.key == net::Tuple{};
        if (is_free || place->used.is_after(search.used))
            place = &search;
        if (is_free)
            break;
    }
    *place = {};
    place->key = key;
    place->range = range;
    place->used = now;
    return *place;
}

PortSearch Searches::begin(const net::Tuple& key, pool::PortRange range) {
    PortSearch search;
    search.range = range;
    // Before the first look: what ends after it is missed by none.
    search.endings = table_.endings().watch(key);
    search.next = static_cast<uint16_t>(draw() % range.size());
    return search;
}

/// Remembers how far a search has come, where that is of use to the next.
Searches::Outcome Searches::keep(PortSearch* known, const net::Tuple& key, const PortSearch& search,
                                 bool found, Tick now) {
    if (found && search.in_a_row < kCrowded) {
        if (known != nullptr)
            *known = {};
        return Outcome::Found;
    }
    if (known == nullptr)
        known = &add(key, search.range, now);
    known->next = search.next;
    known->taken = search.taken;
    known->in_a_row = found ? 0 : search.in_a_row;
    known->endings = search.endings;
    known->proven = now;
    if (found)
        return Outcome::Found;
    return known->is_over() ? Outcome::Exhausted : Outcome::Unfinished;
}

uint32_t Searches::draw() {
    ++draws_;
    net::Tuple block;
    block.unused[0] = 1;  // which no packet's tuple has
    block.source.raw = static_cast<uint32_t>(draws_);
    block.destination.raw = static_cast<uint32_t>(draws_ >> 32);
    block.source_port.raw = salt_;
    return table_.hash(block);
}

}  // namespace sluice::nat
