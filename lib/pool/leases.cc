// SPDX-License-Identifier: BSD-3-Clause
#include "pool/leases.h"

namespace sluice::pool {
namespace {

constexpr unsigned kNumberBits = 16;
constexpr uint64_t kNumberMask = (1u << kNumberBits) - 1;

/// xorshift64*: blocks are drawn in no order that an observer could follow (RFC 6056 §3.1).
uint64_t next_random(uint64_t& state) {
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * 0x2545f4914f6cdd1d;
}

}  // namespace

Leases::Leases(unsigned workers, std::span<const PortRange> ports, uint64_t seed)
    : random_(seed | 1), cells_(workers * ports.size()), lent_(ports.size()) {
    for (const PortRange& pool : ports)
        ports_.push_back(leased_ports(pool));
    for (uint32_t cell = 0; cell < cells_.size(); ++cell)
        lease(cell);
}

Blocks Leases::blocks(unsigned worker, uint32_t slot) const {
    // relaxed: the word is the whole message; a stale one is merely older ground for searching.
    uint64_t word = cells_[worker * ports_.size() + slot].blocks.load(std::memory_order_relaxed);
    Blocks result;
    for (; word != 0; word >>= kNumberBits) {
        const uint64_t number = (word & kNumberMask) - 1;
        const auto first = static_cast<uint16_t>(ports_[slot].first + number * kBlockPorts);
        result.range[result.count++] = {first, static_cast<uint16_t>(first + kBlockPorts - 1)};
    }
    return result;
}

void Leases::found(unsigned worker, uint32_t slot, bool tight) {
    auto& uses = cells_[worker * ports_.size() + slot].uses;
    // relaxed load and store: one writer, and the control core only asks whether it has changed.
    uses.store(uses.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    if (tight)
        missed(worker, slot);
}

void Leases::missed(unsigned worker, uint32_t slot) {
    auto& wishes = cells_[worker * ports_.size() + slot].wishes;
    wishes.store(wishes.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

void Leases::turn(uint32_t limit, Tick now) {
    const auto count = static_cast<uint32_t>(cells_.size());
    for (uint32_t looked = 0; looked < limit && looked < count; ++looked) {
        Cell& cell = cells_[position_];
        const uint32_t wishes = cell.wishes.load(std::memory_order_relaxed);
        const uint32_t uses = cell.uses.load(std::memory_order_relaxed);
        if (wishes != cell.wishes_seen) {
            lease(position_);
            cell.used = now;
        } else if (uses != cell.uses_seen) {
            cell.used = now;
        } else if ((now - cell.used) >= kIdleLease) {
            take_back(position_);
            cell.used = now;
        }
        cell.wishes_seen = wishes;
        cell.uses_seen = uses;
        position_ = position_ + 1 == count ? 0 : position_ + 1;
    }
}

/// Takes the oldest block back, where there is more than one.
void Leases::take_back(uint32_t index) {
    Cell& cell = cells_[index];
    uint64_t word = cell.blocks.load(std::memory_order_relaxed);
    unsigned shift = 0;
    while (word >> shift >> kNumberBits != 0)
        shift += kNumberBits;
    if (shift == 0)
        return;
    lent_[index % ports_.size()].reset((word >> shift) - 1);
    word &= (uint64_t{1} << shift) - 1;
    cell.blocks.store(word, std::memory_order_relaxed);
}

void Leases::lease(uint32_t index) {
    Cell& cell = cells_[index];
    const auto slot = static_cast<uint32_t>(index % ports_.size());
    if (block_count(slot) == 0)
        return;
    const uint64_t word = cell.blocks.load(std::memory_order_relaxed);
    const uint64_t oldest = word >> (kBlocksPerLease - 1) * kNumberBits;
    if (oldest != 0)
        lent_[slot].reset(oldest - 1);
    const uint32_t block = draw(slot);
    lent_[slot].set(block);
    cell.blocks.store(word << kNumberBits | (block + 1), std::memory_order_relaxed);
}

uint32_t Leases::draw(uint32_t slot) {
    const uint32_t count = block_count(slot);
    const auto start = static_cast<uint32_t>(next_random(random_) % count);
    for (uint32_t i = 0; i < count; ++i)
        if (const uint32_t block = (start + i) % count; !lent_[slot].test(block))
            return block;
    return start;  // More leases than blocks: two workers search the same one.
}

}  // namespace sluice::pool
