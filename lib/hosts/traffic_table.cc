// SPDX-License-Identifier: BSD-3-Clause
#include "hosts/traffic_table.h"

#include "base/bits.h"

#include <algorithm>
#include <bit>
#include <string>

namespace sluice::hosts {
namespace {

constexpr unsigned kMostProbes = 64;

constexpr uint64_t slot_of(uint64_t key, uint32_t row) {
    return key << TrafficTable::kRowBits | row;
}
constexpr uint64_t key_of(uint64_t slot) {
    return slot >> TrafficTable::kRowBits;
}
constexpr uint32_t row_in(uint64_t slot) {
    return static_cast<uint32_t>(slot) & TrafficTable::kMostRows;
}

size_t slots_for(uint32_t rows) {
    return std::bit_ceil(size_t{rows} * 2);
}

}  // namespace

SideTraffic& SideTraffic::operator+=(const SideTraffic& more) {
    out.packets += more.out.packets;
    out.bytes += more.out.bytes;
    in.packets += more.in.packets;
    in.bytes += more.in.bytes;
    return *this;
}

size_t TrafficTable::bytes_needed(const TrafficTableParams& params) {
    return (size_t{params.rows} + 1) * params.stripes * sizeof(Counts) +
           slots_for(params.rows) * sizeof(Slot);
}

Result<std::unique_ptr<TrafficTable>> TrafficTable::create(const TrafficTableParams& params) {
    if (params.rows == 0 || params.rows > kMostRows)
        return Error{"a table of the traffic of " + std::to_string(params.rows) +
                     ": must be 1 to " + std::to_string(kMostRows)};
    auto pages = Pages::map(bytes_needed(params), params.pages, params.numa_node);
    if (!pages)
        return Error{"table of the traffic of " + std::to_string(params.rows) +
                     " addresses: " + pages.error().message};
    std::unique_ptr<TrafficTable> table(new TrafficTable);
    table->pages_ = std::move(pages.value());
    table->rows_ = params.rows + 1;
    table->stripes_ = params.stripes;
    table->secret_ = mix(params.secret);
    auto* const counts = reinterpret_cast<Counts*>(table->pages_.memory().data());
    table->counts_ = {counts, size_t{table->rows_} * params.stripes};
    table->slots_ = {reinterpret_cast<Slot*>(counts + table->counts_.size()),
                     slots_for(params.rows)};
    return table;
}

/// The key's row, which it is given where it has none and there is one; else that of others.
uint32_t TrafficTable::row_of(uint64_t key) {
    const size_t first = mix(secret_ ^ key);
    for (unsigned probe = 0; probe < kMostProbes; ++probe) {
        Slot& slot = slots_[(first + probe) & (slots_.size() - 1)];
        uint64_t seen = slot.load(std::memory_order_acquire);
        if (seen == 0) {
            // relaxed: the number stands alone. Once it is beyond the rows it stays there.
            if (last_row_.load(std::memory_order_relaxed) + 1 >= rows_)
                return 0;
            const uint32_t row = last_row_.fetch_add(1, std::memory_order_relaxed) + 1;
            if (row >= rows_)
                return 0;
            if (slot.compare_exchange_strong(seen, slot_of(key, row), std::memory_order_acq_rel,
                                             std::memory_order_acquire))
                return row;
        }
        if (key_of(seen) == key)
            return row_in(seen);
    }
    return 0;
}

void TrafficTable::add(uint64_t key, unsigned stripe, const SideTraffic& more) {
    Counts& counts = counts_[size_t{stripe & (stripes_ - 1)} * rows_ + row_of(key)];
    // relaxed: each number by itself.
    counts.out_packets.fetch_add(more.out.packets, std::memory_order_relaxed);
    counts.out_bytes.fetch_add(more.out.bytes, std::memory_order_relaxed);
    counts.in_packets.fetch_add(more.in.packets, std::memory_order_relaxed);
    counts.in_bytes.fetch_add(more.in.bytes, std::memory_order_relaxed);
}

SideTraffic TrafficTable::sum(uint32_t row) const {
    SideTraffic sum;
    for (uint32_t stripe = 0; stripe < stripes_; ++stripe) {
        const Counts& counts = counts_[size_t{stripe} * rows_ + row];
        sum += {{counts.out_packets.load(std::memory_order_relaxed),
                 counts.out_bytes.load(std::memory_order_relaxed)},
                {counts.in_packets.load(std::memory_order_relaxed),
                 counts.in_bytes.load(std::memory_order_relaxed)}};
    }
    return sum;
}

std::vector<TrafficTable::Row> TrafficTable::read() const {
    std::vector<uint64_t> found;
    for (const Slot& slot : slots_)
        if (const uint64_t seen = slot.load(std::memory_order_acquire); seen != 0)
            found.push_back(seen);
    std::ranges::sort(found, {}, row_in);
    std::vector<Row> rows;
    for (const uint64_t slot : found)
        rows.push_back({key_of(slot), sum(row_in(slot))});
    return rows;
}

SideTraffic TrafficTable::others() const {
    return sum(0);
}

}  // namespace sluice::hosts
