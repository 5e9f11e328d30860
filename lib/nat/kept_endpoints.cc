// SPDX-License-Identifier: BSD-3-Clause
#include "nat/kept_endpoints.h"

namespace sluice::nat {
namespace {

using net::Direction;

// A word: 30 bits of generation, 6 of the hash, 28 of the index; 0 for none.
constexpr unsigned kIndexBits = 28;
constexpr unsigned kTagBits = 6;
constexpr uint64_t kIndexMask = (uint64_t{1} << kIndexBits) - 1;
constexpr uint64_t kTagMask = (uint64_t{1} << kTagBits) - 1;

uint64_t hash_of(const net::Tuple& original) {
    const uint64_t key = uint64_t{original.source.raw} << 32 |
                         uint64_t{static_cast<uint8_t>(original.protocol)} << 16 |
                         original.source_port.raw;
    const uint64_t zoned = key ^ uint64_t { original.zone } << 24;
    return (zoned ^ zoned >> 32) * 0x9e3779b97f4a7c15;
}

uint64_t tag_of(uint64_t hash) {
    return hash >> 32 & kTagMask;
}

bool has_same_source(const net::Tuple& a, const net::Tuple& b) {
    return a.inside_source() == b.inside_source() && a.source_port == b.source_port &&
           a.protocol == b.protocol;
}

}  // namespace

std::optional<net::Endpoint> KeptEndpoints::find(const flow::FlowTable& table,
                                                 const net::Tuple& original, Tick now,
                                                 uint32_t but) const {
    const uint64_t hash = hash_of(original);
    for (const auto& entry : words_[hash >> 54]) {
        // relaxed: the record's life word, read with acquire, says what may be read behind it.
        const uint64_t word = entry.load(std::memory_order_relaxed);
        if (word == 0 || (word >> kIndexBits & kTagMask) != tag_of(hash))
            continue;
        const auto index = static_cast<uint32_t>(word & kIndexMask);
        const flow::FlowRecord& record = table.record(index);
        const flow::LifeWord life = record.life.load(std::memory_order_acquire);
        if (index == but || life.life() != flow::Life::Live ||
            life.generation() != word >> (kIndexBits + kTagBits) ||
            !record.deadline.load(std::memory_order_relaxed).is_after(now) ||
            !has_same_source(record.key(Direction::Original), original))
            continue;
        const net::Tuple& reply = record.key(Direction::Reply);
        return net::Endpoint{reply.destination, reply.destination_port};
    }
    return std::nullopt;
}

void KeptEndpoints::learn(uint32_t index, const flow::FlowRecord& record) {
    const uint64_t hash = hash_of(record.key(Direction::Original));
    const uint64_t generation = record.life.load(std::memory_order_relaxed).generation();
    auto& set = words_[hash >> 54];
    // relaxed: of two workers that move a set at once either may lose an entry, which is a wish.
    for (size_t way = kWays - 1; way > 0; --way)
        set[way].store(set[way - 1].load(std::memory_order_relaxed), std::memory_order_relaxed);
    set[0].store(generation << (kIndexBits + kTagBits) | tag_of(hash) << kIndexBits | index,
                 std::memory_order_relaxed);
}

}  // namespace sluice::nat
