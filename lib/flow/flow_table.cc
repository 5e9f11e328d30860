// SPDX-License-Identifier: BSD-3-Clause
#include "flow/flow_table.h"

#include <algorithm>
#include <cstdlib>
#include <string>

namespace sluice::flow {
namespace {

constexpr uint32_t kMostFlows = uint32_t{1} << SlotWord::kIndexBits;
constexpr unsigned kMostMembers = 1024;

/// Hands out parts of one mapping, each on a cache line of its own, or only measures them.
class Layout {
public:
    explicit Layout(std::byte* start = nullptr) : start_(start) {}

    template <typename T>
    std::span<T> take(size_t count) {
        std::byte* const at = start_ == nullptr ? nullptr : start_ + used_;
        used_ += (count * sizeof(T) + 127) / 128 * 128;
        return {reinterpret_cast<T*>(at), count};
    }
    size_t used() const { return used_; }

private:
    std::byte* start_;
    size_t used_ = 0;
};

template <typename Seat>
struct Parts {
    std::span<FlowRecord> records;
    std::span<Bucket> buckets;
    std::span<std::atomic<uint32_t>> deadlines;
    std::span<std::atomic<uint32_t>> links;
    std::span<Account> accounts;
    std::span<Seat> seats;

    /// Zeroed memory is a valid beginning for all of them.
    Parts(Layout& layout, const FlowTableParams& params)
        : records(params.outside.records.empty() ? layout.take<FlowRecord>(params.capacity)
                                                 : params.outside.records),
          buckets(
              layout.take<Bucket>(CuckooIndex::buckets_for(params.capacity, params.index_load))),
          deadlines(layout.take<std::atomic<uint32_t>>(params.capacity)),
          links(layout.take<std::atomic<uint32_t>>(params.capacity)),
          accounts(params.outside.records.empty()
                       ? layout.take<Account>(params.accounting ? params.capacity : 0)
                       : params.outside.accounts),
          seats(layout.take<Seat>(params.max_members)) {}
};

struct SeatSize {
    std::array<uint64_t, 8> words;
};

size_t bytes_for(const FlowTableParams& params) {
    Layout layout;
    const Parts<SeatSize> parts(layout, params);
    return layout.used();
}

Status check(const FlowTableParams& params) {
    if (params.capacity == 0 || params.capacity > kMostFlows)
        return Error{"a flow table of " + std::to_string(params.capacity) +
                     " flows: must be 1 to " + std::to_string(kMostFlows)};
    if (params.index_load < 10 || params.index_load > 1000)
        return Error{"an index load of " + std::to_string(params.index_load) +
                     " percent: must be 10 to 1000"};
    if (params.max_members == 0 || params.max_members > kMostMembers)
        return Error{"a flow table for " + std::to_string(params.max_members) +
                     " threads: must be 1 to " + std::to_string(kMostMembers)};
    const auto& [records, accounts] = params.outside;
    if (!records.empty() && (records.size() != params.capacity ||
                             accounts.size() != (params.accounting ? params.capacity : 0)))
        return Error{"a flow table of " + std::to_string(params.capacity) +
                     " flows: there are records for " + std::to_string(records.size())};
    return Done{};
}

}  // namespace

Result<std::unique_ptr<FlowTable>> FlowTable::create(const FlowTableParams& params) {
    if (const Status status = check(params); !status)
        return status.error();
    auto pages = Pages::map(bytes_for(params), params.pages, params.numa_node);
    if (!pages)
        return Error{"flow table of " + std::to_string(params.capacity) +
                     " flows: " + pages.error().message};

    std::unique_ptr<FlowTable> table(new FlowTable);
    table->pages_ = std::move(pages.value());
    table->lay_out(params);
    return table;
}

void FlowTable::lay_out(const FlowTableParams& params) {
    static_assert(sizeof(Seat) == sizeof(SeatSize));
    Layout layout(pages_.memory().data());
    const Parts<Seat> parts(layout, params);
    records_ = parts.records.data();
    capacity_ = params.capacity;
    hash_ = TupleHash(params.secret);
    index_ = CuckooIndex(parts.buckets, records_);
    slots_ = parts.buckets.size() * kSlots;
    deadlines_ = Deadlines(parts.deadlines);
    accounts_ = Accounts(parts.records, parts.accounts);
    seats_ = parts.seats;
    ending_ = params.ending;
    free_.fill(parts.links);
    orphans_.share(free_);
    grace_.emplace(params.max_members);
    journal_.emplace(params.max_members);
}

FlowTable::~FlowTable() = default;

size_t FlowTable::bytes_needed(uint32_t capacity, bool accounting) {
    return bytes_for({.capacity = capacity, .accounting = accounting});
}

size_t FlowTable::bytes() const {
    const auto* const first = reinterpret_cast<const FlowRecord*>(pages_.memory().data());
    const size_t outside =
        records_ == first ? 0 : RecordMemory::bytes_needed(capacity_, accounts_.is_on());
    return pages_.memory().size() + outside;
}

uint64_t FlowTable::slots() const {
    return slots_;
}

uint64_t FlowTable::used_slots() const {
    uint64_t used = 0;
    for (uint32_t i = 0; i < slots_ / kSlots; ++i)
        for (const Slot& slot : index_.bucket(i).slot)
            used += slot.load(std::memory_order_relaxed) ? 1 : 0;
    return used;
}

uint32_t FlowTable::hash(const net::Tuple& tuple) const {
    return static_cast<uint32_t>(hash_(tuple) >> 32);
}

uint32_t FlowTable::size() const {
    uint64_t opened = 0;
    uint64_t ended = 0;
    // The ends first: a flow that ends between the two loops is then counted as live, not twice.
    for (const Seat& seat : seats_)
        ended += seat.ended.load(std::memory_order_acquire);
    for (const Seat& seat : seats_)
        opened += seat.opened.load(std::memory_order_acquire);
    return static_cast<uint32_t>(opened - ended);
}

uint32_t FlowTable::retired() const {
    uint32_t sum = 0;
    for (const Seat& seat : seats_)
        sum += seat.retired.load(std::memory_order_relaxed);
    return std::min(sum, capacity_);  // some may have been counted here and there
}

unsigned FlowTable::take_seat() {
    unsigned seat = 0;
    while (seat < seats_.size() && seats_[seat].taken.exchange(true))
        ++seat;
    if (seat == seats_.size())
        std::abort();  // more threads than max_members: a mistake in the program
    return seat;
}

IndexCounters FlowTable::counters() const {
    IndexCounters sum;
    for (const Seat& seat : seats_) {
        sum.no_space += seat.no_space.load(std::memory_order_relaxed);
        for (unsigned moves = 0; moves <= kMostMoves; ++moves)
            sum.keys_by_moves[moves] += seat.keys_by_moves[moves].load(std::memory_order_relaxed);
    }
    return sum;
}

}  // namespace sluice::flow
