// SPDX-License-Identifier: BSD-3-Clause
#include "tables.h"

#include "flow/tuple_hash.h"

#include <rte_errno.h>
#include <rte_hash.h>
#include <rte_rcu_qsbr.h>

#include <array>
#include <string>

namespace sluice::bench {
namespace {

constexpr std::array<uint64_t, 4> kSecret{0x243f6a8885a308d3, 0x13198a2e03707344,
                                          0xa4093822299f31d0, 0x082efa98ec4e6c89};

/// One and the same hash for all tables.
const flow::TupleHash& keyed_hash() {
    static const flow::TupleHash hash(kSecret);
    return hash;
}

uint32_t hash_for_rte(const void* key, uint32_t, uint32_t) {
    return static_cast<uint32_t>(keyed_hash()(*static_cast<const net::Tuple*>(key)) >> 32);
}

/// Reads the first line as a worker does next: where the packet goes on to.
uint64_t read_first_line(const flow::FlowRecord& record) {
    return record.owner + record.deadline.load(std::memory_order_relaxed).milliseconds;
}

/// Keeps what was read from being optimised away.
void keep(uint64_t value) {
    asm volatile("" : : "r"(value));
}

}  // namespace

net::Tuple original_of(uint32_t n) {
    return {Be32::from_host(0x0a000000 + (n >> 6)),
            Be32::from_host(0xcb007100 + (n & 3)),
            Be16::from_host(static_cast<uint16_t>(32768 + (n & 63))),
            Be16::from_host(443),
            net::Protocol::Tcp,
            {}};
}

net::Tuple reply_of(uint32_t n) {
    return {Be32::from_host(0xcb007100 + (n & 3)),
            Be32::from_host(0xc6336400 + (n >> 16)),
            Be16::from_host(443),
            Be16::from_host(static_cast<uint16_t>(n)),
            net::Protocol::Tcp,
            {}};
}

Result<OurTable> OurTable::create(uint32_t flows, PageKind pages) {
    flow::FlowTableParams params;
    params.capacity = flows;
    params.pages = pages;
    params.index_load = 100;
    params.secret = kSecret;
    auto table = flow::FlowTable::create(params);
    if (!table)
        return table.error();
    OurTable ours;
    ours.table_ = std::move(table.value());
    ours.member_ = std::make_unique<flow::Member>(*ours.table_);
    return ours;
}

int64_t OurTable::open(uint32_t n) {
    std::array<int64_t, 1> index{};
    open_burst(n, index);
    return index[0];
}

void OurTable::open_burst(uint32_t first, std::span<int64_t> indexes) {
    std::array<uint32_t, kBurst> records{};
    std::array<flow::Keys, kBurst> keys;
    const unsigned taken = member_->take(std::span(records).first(indexes.size()));
    for (unsigned i = 0; i < taken; ++i) {
        flow::FlowRecord& record = table_->record(records[i]);
        record.tuple = {original_of(first + i), reply_of(first + i)};
        record.owner = 0;
        record.deadline.store(kFar, std::memory_order_relaxed);
        keys[i] = member_->prepare(records[i]);
    }
    std::array<flow::Insertion, kBurst> insertions;
    member_->insert_bulk(std::span(records).first(taken), std::span(keys).first(taken), kNow,
                         std::span(insertions).first(taken));
    for (unsigned i = 0; i < indexes.size(); ++i) {
        const bool opened = i < taken && insertions[i].outcome == flow::InsertOutcome::Inserted;
        indexes[i] = opened ? int64_t{records[i]} : -1;
    }
}

void OurTable::close(uint32_t index) {
    member_->kill(index, table_->record(index).life.load(std::memory_order_relaxed));
}

uint64_t OurTable::find(std::span<const net::Tuple> tuples) {
    std::array<flow::FlowRef, kBurst> refs;
    uint64_t hits = 0;
    uint64_t sum = 0;
    for (size_t at = 0; at + kBurst <= tuples.size(); at += kBurst) {
        table_->find_bulk(tuples.subspan(at, kBurst), kNow, refs);
        for (const flow::FlowRef ref : refs) {
            if (!ref)
                continue;
            ++hits;
            sum += read_first_line(table_->record(ref));
        }
    }
    keep(sum);
    return hits;
}

Result<RteHash> RteHash::create(uint32_t flows, bool extendable, OurTable& records) {
    rte_hash_parameters params{};
    params.name = "sluice-bench";
    params.entries = flows * 2;
    params.key_len = sizeof(net::Tuple);
    params.hash_func = hash_for_rte;
    params.socket_id = static_cast<int>(rte_socket_id());
    params.extra_flag =
        RTE_HASH_EXTRA_FLAGS_RW_CONCURRENCY_LF | RTE_HASH_EXTRA_FLAGS_MULTI_WRITER_ADD;
    if (extendable)
        params.extra_flag |= RTE_HASH_EXTRA_FLAGS_EXT_TABLE;
    RteHash peer(records);
    peer.table_ = rte_hash_create(&params);
    rte_hash_rcu_config rcu{};
    rcu.v = records.table().grace().counters();
    rcu.mode = RTE_HASH_QSBR_MODE_DQ;
    rcu.dq_size = 4096;
    rcu.trigger_reclaim_limit = 128;
    rcu.max_reclaim_size = 256;
    if (peer.table_ == nullptr || rte_hash_rcu_qsbr_add(peer.table_, &rcu) != 0)
        return Error{"no rte_hash of " + std::to_string(flows * 2) +
                     " keys: " + rte_strerror(rte_errno)};
    return peer;
}

RteHash::RteHash(RteHash&& other) noexcept
    : table_(std::exchange(other.table_, nullptr)), records_(other.records_) {}

RteHash::~RteHash() {
    rte_hash_free(table_);
}

size_t RteHash::bytes_needed(uint32_t flows) {
    // Buckets, key slots and their ring for two keys a flow; twice the buckets with EXT_TABLE.
    return size_t{flows} * 2 * (16 + 32 + 12) + (size_t{96} << 20);
}

bool RteHash::open(uint32_t n, uint32_t index) {
    void* const value = reinterpret_cast<void*>(uintptr_t{index});
    const net::Tuple original = original_of(n);
    const net::Tuple reply = reply_of(n);
    return rte_hash_add_key_data(table_, &original, value) == 0 &&
           rte_hash_add_key_data(table_, &reply, value) == 0;
}

void RteHash::close(uint32_t n) {
    const net::Tuple original = original_of(n);
    const net::Tuple reply = reply_of(n);
    rte_hash_del_key(table_, &original);
    rte_hash_del_key(table_, &reply);
}

uint64_t RteHash::find(std::span<const net::Tuple> tuples) {
    std::array<uint64_t, kBurst> hashes;
    std::array<hash_sig_t, kBurst> signatures;
    std::array<const void*, kBurst> keys;
    std::array<void*, kBurst> values;
    uint64_t hits = 0;
    uint64_t sum = 0;
    for (size_t at = 0; at + kBurst <= tuples.size(); at += kBurst) {
        const auto burst = tuples.subspan(at, kBurst);
        keyed_hash().bulk(burst, hashes);
        for (unsigned i = 0; i < kBurst; ++i) {
            signatures[i] = static_cast<hash_sig_t>(hashes[i] >> 32);
            keys[i] = &burst[i];
        }
        uint64_t hit = 0;
        rte_hash_lookup_with_hash_bulk_data(table_, keys.data(), signatures.data(), kBurst, &hit,
                                            values.data());
        const auto record = [&](unsigned i) -> const flow::FlowRecord& {
            return records_->table().record(
                static_cast<uint32_t>(reinterpret_cast<uintptr_t>(values[i])));
        };
        for (unsigned i = 0; i < kBurst; ++i)
            if ((hit >> i & 1) != 0)
                __builtin_prefetch(&record(i));
        for (unsigned i = 0; i < kBurst; ++i) {
            if ((hit >> i & 1) == 0)
                continue;
            ++hits;
            sum += read_first_line(record(i));
        }
    }
    keep(sum);
    return hits;
}

void TbbMap::open(uint32_t n, uint32_t index) {
    map_.insert({original_of(n), index});
    map_.insert({reply_of(n), index});
}

uint64_t TbbMap::find(std::span<const net::Tuple> tuples) {
    uint64_t hits = 0;
    uint64_t sum = 0;
    for (const net::Tuple& tuple : tuples) {
        decltype(map_)::const_accessor found;
        if (!map_.find(found, tuple))
            continue;
        ++hits;
        sum += read_first_line(records_->table().record(found->second));
    }
    keep(sum);
    return hits;
}

}  // namespace sluice::bench
