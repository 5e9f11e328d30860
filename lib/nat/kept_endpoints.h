// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Kept endpoints: by which flows an inside endpoint has another external port than its own, so
/// that it is given the same toward other servers as long as one of them lives (STUN counts on it).
///
/// Shape    Two words for each flow of the table, in sets of 16: a cache line, by a keyed hash of
///          the inside endpoint. A word is a flow's record and some bits of the hash; in a set the
///          newest flow comes first, and what is empty last. Only a wish: whether the endpoint is
///          free is for the flow table to say.
///          A new word takes an empty place, or that of a flow that has ended. Where all 16 live,
///          one goes whose endpoints another flow here has as well: of these the one that would end
///          first. So an endpoint with many flows pushes out no other. Where there is none, the
///          oldest goes, and is forgotten though it lives: of as many endpoints with a changed port
///          as the table has flows one in 1250, of half as many one in 2.7 million (reckoned).
/// Threads  Any members of the flow table learn and find at once. A word says nothing by itself;
///          its record does. One that is found live (acquire) has tuples that may be read, for it
///          is not reused before the reader's next quiescence. That holds for learn() too, which
///          looks at others' records to see which have ended. Whatever use of the record it is: a
///          live flow of the same endpoint with another port than its own is an answer, whenever it
///          was learned. So a word has no generation, and is half as long.
///          learn() moves words on by one place. Each is stored at its new place before its old one
///          is overwritten (release), and find() reads from the first place on (acquire): so it
///          misses none that stays. Of two threads that learn in one set within the same few
///          nanoseconds one may overwrite the other's word, or one that was there: a wish less.
/// Memory   8 bytes a flow, at create(), whether ports are changed or not: whether they will be,
///          hosts decide, and a page that is taken when they do is a fault that a packet waits for.
/// Errors   create() says in a sentence how much cannot be had.
/// Cost     A look is a line, which send_for() sends for, and of each record whose word has the
///          endpoint's bits the first, until one is live: as a rule none, or one. Where no port of
///          the set has been changed it ends at its first word. To learn reads one or two records
///          more; 16 where all live.
/// Source   find_appropriate_src() of Linux, net/netfilter/nf_nat_core.c.

#include "base/bits.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/result.h"
#include "flow/flow_table.h"
#include "nat/decision.h"
#include "net/tuple.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace sluice::nat {

struct KeptEndpointsParams {
    uint32_t flows = 0;  ///< The flow table's capacity.
    PageKind pages = PageKind::Ordinary;
    int numa_node = -1;  ///< -1 for any.
    uint64_t secret = 0;
};

class KeptEndpoints {
public:
    static Result<KeptEndpoints> create(const KeptEndpointsParams& params);
    static size_t bytes_needed(uint32_t flows);
    /// Nothing, until what create() has made is moved here.
    KeptEndpoints() = default;

    /// The external endpoint that the inside one of `original` has by its newest flow of these,
    /// that of the record `but` left out.
    std::optional<net::Endpoint> find(const flow::FlowTable& table, const net::Tuple& original,
                                      Tick now, uint32_t but = kNoRecord) const {
        return find(table, original, hash(original), now, but);
    }
    std::optional<net::Endpoint> find(const flow::FlowTable& table, const net::Tuple& original,
                                      uint64_t hash, Tick now, uint32_t but) const;
    /// Of the inside endpoint and the protocol of a flow: who looks several times hashes once.
    uint64_t hash(const net::Tuple& original) const {
        const uint64_t key = uint64_t{original.source.raw} << 32 |
                             uint64_t{static_cast<uint8_t>(original.protocol)} << 16 |
                             original.source_port.raw;
        return mix(secret_ ^ key ^ uint64_t{original.zone} << 24);
    }

    /// False: there is none of this hash, so find() finds nothing.
    bool may_have(uint64_t hash) const {
        // relaxed: what is empty is no record's.
        return set_of(hash).word.front().load(std::memory_order_relaxed) != 0;
    }

    /// The flow of a record, which has just opened, has another port than its own.
    void learn(const flow::FlowTable& table, uint32_t index, Tick now);

    /// Sends for the line that find() will read.
    void send_for(uint64_t hash) const { __builtin_prefetch(&set_of(hash)); }

private:
    static constexpr size_t kWays = 16;
    using Words = std::array<uint32_t, kWays>;
    struct alignas(64) Set {
        std::array<std::atomic<uint32_t>, kWays> word;
    };

    static size_t sets_for(uint32_t flows);
    Set& set_of(uint64_t hash) const { return sets_[(hash >> 32) * sets_.size() >> 32]; }
    /// The record's index and 1, and above it as many bits of the hash as there is room for.
    uint32_t word_of(uint64_t hash, uint32_t index) const {
        return static_cast<uint32_t>(hash) << index_bits_ | (index + 1);
    }
    uint32_t index_in(uint32_t word) const { return (word & ((1U << index_bits_) - 1)) - 1; }
    bool stands(const flow::FlowTable& table, const Set& set, uint32_t word, Tick now) const;
    size_t place_for(const flow::FlowTable& table, const Set& set, uint32_t word, Tick now) const;
    size_t least_missed(const flow::FlowTable& table, const Words& words, uint32_t index) const;

    Pages pages_;
    std::span<Set> sets_;
    unsigned index_bits_ = 0;
    uint64_t secret_ = 0;
};

}  // namespace sluice::nat
