// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Three tables under one set of verbs: ours, rte_hash as a lock-free NAT would use it, and
/// tbb::concurrent_hash_map.
///
/// Shape    A flow has a number; two tuples follow from it. All tables hold the same flows, and
///          rte_hash and TBB find the index of the same records.
/// Threads  One, but for Flows::churn(), which may have another beside it.

#include "flow/flow_table.h"
#include "net/tuple.h"

#include <cstdint>
#include <cstring>
#include <memory>
#include <oneapi/tbb/concurrent_hash_map.h>
#include <span>
#include <vector>

struct rte_hash;

namespace sluice::bench {

inline constexpr Tick kNow{1};
inline constexpr Tick kFar{1'000'000'000};
inline constexpr unsigned kBurst = 32;

/// The n-th flow's tuples: all different, in no order that a table could profit from.
net::Tuple original_of(uint32_t n);
net::Tuple reply_of(uint32_t n);

/// Ours.
class OurTable {
public:
    /// For `flows` flows with as many slots as two keys of each need.
    static Result<OurTable> create(uint32_t flows, PageKind pages);

    flow::FlowTable& table() { return *table_; }
    flow::Member& member() { return *member_; }

    /// Opens flow n; the index of its record, or -1 when there is no room.
    int64_t open(uint32_t n);
    /// Opens the flows from `first` on, in bulk. A worker inserts one by one so far.
    void open_burst(uint32_t first, std::span<int64_t> indexes);
    void close(uint32_t index);

    /// Looks the tuples up in bursts and reads the first line of what is found; the number of hits.
    uint64_t find(std::span<const net::Tuple> tuples);

private:
    OurTable() = default;
    std::unique_ptr<flow::FlowTable> table_;
    std::unique_ptr<flow::Member> member_;
};

/// DPDK's, with the flags that the same use asks for: lock-free reads, several writers, and keys
/// freed through the same grace periods.
class RteHash {
public:
    static Result<RteHash> create(uint32_t flows, bool extendable, OurTable& records);
    RteHash(RteHash&& other) noexcept;
    RteHash& operator=(RteHash&&) = delete;
    ~RteHash();

    bool open(uint32_t n, uint32_t index);
    void close(uint32_t n);
    uint64_t find(std::span<const net::Tuple> tuples);

    /// Memory that a table of this size takes.
    static size_t bytes_needed(uint32_t flows);

private:
    explicit RteHash(OurTable& records) : records_(&records) {}
    rte_hash* table_ = nullptr;
    OurTable* records_;
};

class TbbMap {
public:
    explicit TbbMap(OurTable& records) : records_(&records), hash_{&records.table()} {}

    void open(uint32_t n, uint32_t index);
    uint64_t find(std::span<const net::Tuple> tuples);

private:
    struct Hash {
        flow::FlowTable* table;
        size_t hash(const net::Tuple& tuple) const { return table->hash(tuple); }
        bool equal(const net::Tuple& a, const net::Tuple& b) const { return a == b; }
    };
    OurTable* records_;
    Hash hash_;
    tbb::concurrent_hash_map<net::Tuple, uint32_t, Hash> map_{hash_};
};

}  // namespace sluice::bench
