// SPDX-License-Identifier: BSD-3-Clause
#include "nat/searches.h"

#include <algorithm>
#include <numeric>

namespace sluice::nat {
namespace {

/// A search that finds a free number after fewer taken ones is not in a crowded place: the next one
/// begins anew elsewhere.
constexpr unsigned kCrowded = 64;

net::Tuple without_port(net::Tuple key) {
    key.destination_port = {};
    return key;
}

/// What goes first to make room: an entry that is not in use, else the oldest.
uint64_t vacancy(const Search& search, Tick now) {
    return search.key == net::Tuple{} ? ~uint64_t{0} : now.ms_since(search.used);
}

}  // namespace

Walk::Walk(pool::PortRange range, uint32_t start, uint32_t stride)
    : range_(range), start_(static_cast<uint16_t>(start)) {
    const uint32_t size = range.size();
    while (std::gcd(stride, size) != 1)  // the number before `size` shares no divisor with it
        ++stride;
    stride_ = static_cast<uint16_t>(stride);
}

size_t Searches::set_of(const net::Tuple& key, pool::PortRange range) {
    uint64_t hash = uint64_t{key.source.raw} << 32 | key.destination.raw;
    hash = (hash ^ hash >> 29) * 0x9e3779b97f4a7c15;
    hash ^= uint64_t{key.source_port.raw} << 32 | uint64_t{range.first} << 8 |
            static_cast<uint8_t>(key.protocol);
    hash = (hash ^ hash >> 31) * 0x9e3779b97f4a7c15;
    return hash >> 32 & (kSets - 1);
}

const Search* Searches::look_up(const net::Tuple& key, pool::PortRange range, Tick now) const {
    const net::Tuple plain = without_port(key);
    for (const Search& search : sets_[set_of(plain, range)]) {
        if (search.key != plain || search.walk.range() != range)
            continue;
        const bool has_ended = search.endings != table_.endings().count(plain);
        const bool is_old = now.ms_since(search.used) >= uint32_t(kExhausted.milliseconds);
        return has_ended || (search.is_over() && is_old) ? nullptr : &search;
    }
    return nullptr;
}

Search Searches::begin(const net::Tuple& key, const Walk& walk) const {
    Search search;
    search.key = without_port(key);
    search.walk = walk;
    // Before the first look: what ends after it is missed by none.
    search.endings =
        watches_ ? table_.endings().watch(search.key) : table_.endings().count(search.key);
    return search;
}

void Searches::remember(const Search& search, Tick now) {
    Set& set = sets_[set_of(search.key, search.walk.range())];
    Search* place = nullptr;
    for (Search& other : set)
        if (other.key == search.key && other.walk.range() == search.walk.range())
            place = &other;
    if (search.has_found && search.in_a_row < kCrowded) {
        if (place != nullptr) {
            *place = {};
            --in_use_;
        }
        return;
    }
    if (place == nullptr)
        place = std::max_element(set.begin(), set.end(), [&](const Search& a, const Search& b) {
            return vacancy(a, now) < vacancy(b, now);
        });
    in_use_ += place->key == net::Tuple{} ? 1 : 0;
    *place = search;
    if (search.has_found)
        place->in_a_row = 0;
    place->has_found = false;
    place->used = now;
}

}  // namespace sluice::nat
