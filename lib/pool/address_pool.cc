// SPDX-License-Identifier: BSD-3-Clause
#include "pool/address_pool.h"

#include <algorithm>

namespace sluice::pool {
namespace {

/// Spreads every bit of a word over all of it (the finaliser of MurmurHash3).
constexpr uint64_t mix(uint64_t word) {
    word = (word ^ word >> 33) * 0xff51afd7ed558ccd;
    word = (word ^ word >> 33) * 0xc4ceb9fe1a85ec53;
    return word ^ word >> 33;
}

}  // namespace

AddressPool::AddressPool(std::span<const Be32> addresses, uint64_t secret, PortRange ports,
                         uint32_t first_slot)
    : addresses_(addresses.begin(), addresses.end()),
      secret_(secret),
      ports_(ports),
      first_slot_(first_slot) {
    std::sort(addresses_.begin(), addresses_.end());
    first_ = addresses_.front().host();
    last_ = addresses_.back().host();
    contiguous_ = last_ - first_ + 1 == addresses_.size();
}

bool AddressPool::search(Be32 address) const {
    return std::binary_search(addresses_.begin(), addresses_.end(), address);
}

uint64_t AddressPool::rank(Be32 host, Be32 address) const {
    return mix(mix(secret_ ^ host.raw) ^ (uint64_t{address.raw} << 32 | address.raw));
}

Choice AddressPool::first(Be32 host) const {
    Choice best{0, rank(host, addresses_[0])};
    for (uint32_t i = 1; i < size(); ++i)
        if (const uint64_t other = rank(host, addresses_[i]); other > best.rank)
            best = {i, other};
    return best;
}

std::span<uint32_t> AddressPool::ranked(Be32 host, std::span<uint32_t> order) const {
    const auto is_better = [&](uint32_t a, uint32_t b) {
        return rank(host, addresses_[a]) > rank(host, addresses_[b]);
    };
    size_t count = 0;
    for (uint32_t i = 0; i < size(); ++i) {
        if (count == order.size()) {  // full: the worst gives way
            if (!is_better(i, order.front()))
                continue;
            std::pop_heap(order.begin(), order.end(), is_better);
            --count;
        }
        order[count++] = i;
        if (count == order.size())
            std::make_heap(order.begin(), order.end(), is_better);
    }
    const auto filled = order.first(count);
    std::sort(filled.begin(), filled.end(), is_better);
    return filled;
}

}  // namespace sluice::pool
