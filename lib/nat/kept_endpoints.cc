// SPDX-License-Identifier: BSD-3-Clause
#include "nat/kept_endpoints.h"

#include <algorithm>
#include <bit>
#include <string>
#include <utility>

namespace sluice::nat {
namespace {

using flow::FlowRecord;
using flow::FlowTable;
using net::Direction;

constexpr size_t kWordsPerFlow = 2;
/// Of a small table chance alone would fill a set; these are a page of 4096 bytes.
constexpr size_t kLeastSets = 64;

/// A flow that lives, and has another port than its own.
bool has_changed_port(const FlowRecord& record, Tick now) {
    // Acquire: the tuples were written before, and are not written again while this thread looks.
    if (record.life.load(std::memory_order_acquire).life() != flow::Life::Live ||
        !record.deadline.load(std::memory_order_relaxed).is_after(now))
        return false;
    return record.kind() == flow::Kind::Flow && record.key(Direction::Reply).destination_port !=
                                                    record.key(Direction::Original).source_port;
}

bool have_same_source(const net::Tuple& a, const net::Tuple& b) {
    return a.inside_source() == b.inside_source() && a.source_port == b.source_port &&
           a.protocol == b.protocol;
}

net::Endpoint external_of(const FlowRecord& record) {
    const net::Tuple& reply = record.key(Direction::Reply);
    return {reply.destination, reply.destination_port};
}

bool have_same_endpoints(const FlowRecord& a, const FlowRecord& b) {
    return have_same_source(a.key(Direction::Original), b.key(Direction::Original)) &&
           external_of(a) == external_of(b);
}

/// relaxed: it may be renewed at any time, so what it is now is as good as any.
bool ends_before(const FlowRecord& a, const FlowRecord& b) {
    return b.deadline.load(std::memory_order_relaxed)
        .is_after(a.deadline.load(std::memory_order_relaxed));
}

}  // namespace

size_t KeptEndpoints::sets_for(uint32_t flows) {
    return std::max(kLeastSets, (flows * kWordsPerFlow + kWays - 1) / kWays);
}

size_t KeptEndpoints::bytes_needed(uint32_t flows) {
    return sets_for(flows) * sizeof(Set);
}

Result<KeptEndpoints> KeptEndpoints::create(const KeptEndpointsParams& params) {
    auto pages = Pages::map(bytes_needed(params.flows), params.pages, params.numa_node);
    if (!pages)
        return Error{"what is kept of changed ports of " + std::to_string(params.flows) +
                     " flows: " + pages.error().message};
    KeptEndpoints kept;
    kept.pages_ = std::move(pages.value());
    kept.sets_ = {reinterpret_cast<Set*>(kept.pages_.memory().data()), sets_for(params.flows)};
    kept.index_bits_ = static_cast<unsigned>(std::bit_width(params.flows));
    kept.secret_ = mix(params.secret);
    return kept;
}

std::optional<net::Endpoint> KeptEndpoints::find(const FlowTable& table, const net::Tuple& original,
                                                 uint64_t hash, Tick now, uint32_t but) const {
    for (const auto& place : set_of(hash).word) {
        // Acquire: who sees what has come here sees what was here at the next place.
        const uint32_t word = place.load(std::memory_order_acquire);
        if (word == 0)
            break;
        const uint32_t index = index_in(word);
        if (word != word_of(hash, index) || index == but)
            continue;
        const FlowRecord& record = table.record(index);
        if (has_changed_port(record, now) &&
            have_same_source(record.key(Direction::Original), original))
            return external_of(record);
    }
    return std::nullopt;
}

void KeptEndpoints::learn(const FlowTable& table, uint32_t index, Tick now) {
    const uint64_t hash = this->hash(table.record(index).key(Direction::Original));
    const uint32_t word = word_of(hash, index);
    Set& set = set_of(hash);
    for (size_t way = place_for(table, set, word, now); way > 0; --way)
        // relaxed: a word says nothing of other memory. Release: as find() reads.
        set.word[way].store(set.word[way - 1].load(std::memory_order_relaxed),
                            std::memory_order_release);
    set.word[0].store(word, std::memory_order_release);
}

/// Where the new word's place is to be made.
size_t KeptEndpoints::place_for(const FlowTable& table, const Set& set, uint32_t word,
                                Tick now) const {
    Words words;
    for (size_t way = 0; way < kWays; ++way) {
        words[way] = set.word[way].load(std::memory_order_relaxed);
        // Empty, or of an earlier use of the record.
        if (words[way] == 0 || words[way] == word)
            return way;
    }
    // Not always from the same end on: there would stand those that were found live before.
    for (size_t step = 0; step < kWays; ++step)
        if (const size_t way = (word + step) % kWays; !stands(table, set, words[way], now))
            return way;
    return least_missed(table, words, index_in(word));
}

/// The word's flow lives, and is of this set.
bool KeptEndpoints::stands(const FlowTable& table, const Set& set, uint32_t word, Tick now) const {
    const uint32_t index = index_in(word);
    const FlowRecord& record = table.record(index);
    if (!has_changed_port(record, now))
        return false;
    const uint64_t hash = this->hash(record.key(Direction::Original));
    return word == word_of(hash, index) && &set_of(hash) == &set;
}

/// Of words whose flows all live, the one without which the others, and the flow of `index`, tell
/// as much; else the oldest.
size_t KeptEndpoints::least_missed(const FlowTable& table, const Words& words,
                                   uint32_t index) const {
    std::array<const FlowRecord*, kWays + 1> flows;
    for (size_t way = 0; way < kWays; ++way)
        flows[way] = &table.record(index_in(words[way]));
    flows[kWays] = &table.record(index);
    const auto has_double = [&](size_t way) {
        return std::any_of(flows.begin(), flows.end(), [&](const FlowRecord* const& other) {
            return &other != &flows[way] && have_same_endpoints(*other, *flows[way]);
        });
    };
    std::optional<size_t> least;
    for (size_t way = 0; way < kWays; ++way)
        if (has_double(way) && (!least || ends_before(*flows[way], *flows[*least])))
            least = way;
    return least.value_or(kWays - 1);
}

}  // namespace sluice::nat
