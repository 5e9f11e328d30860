// SPDX-License-Identifier: BSD-3-Clause
#include "nat/search_memory.h"

namespace sluice::nat {

SearchMemory::Set& SearchMemory::set_of(const net::Tuple& reply, pool::PortRange range) {
    uint64_t hash = uint64_t{reply.source.raw} << 32 | reply.destination.raw;
    hash = (hash ^ hash >> 29) * 0x9e3779b97f4a7c15;
    hash ^= uint64_t{reply.source_port.raw} << 32 | uint64_t{range.first} << 8 |
            static_cast<uint8_t>(reply.protocol);
    hash = (hash ^ hash >> 31) * 0x9e3779b97f4a7c15;
    return sets_[hash >> 32 & (kSets - 1)];
}

PortSearch* SearchMemory::find(net::Tuple reply, pool::PortRange range, Tick now) {
    reply.destination_port = {};
    for (PortSearch& search : set_of(reply, range))
        if (search.reply == reply && search.range == range) {
            search.used = now;
            return &search;
        }
    return nullptr;
}

PortSearch& SearchMemory::add(net::Tuple reply, pool::PortRange range, Tick now) {
    reply.destination_port = {};
    Set& set = set_of(reply, range);
    PortSearch* place = &set[0];
    for (PortSearch& search : set) {
        const bool is_free = search.reply.protocol == net::Protocol{};
        if (is_free || place->used.is_after(search.used))
            place = &search;
        if (is_free)
            break;
    }
    *place = {};
    place->reply = reply;
    place->range = range;
    place->used = now;
    return *place;
}

}  // namespace sluice::nat
