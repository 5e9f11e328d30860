// SPDX-License-Identifier: BSD-3-Clause
#include "pool/address_pool.h"

#include <algorithm>

namespace sluice::pool {
namespace {

/// The second word of what is hashed: what the first one is.
constexpr uint64_t kOfHost = 1;
constexpr uint64_t kOfAddress = 2;

}  // namespace

AddressPool::AddressPool(std::span<const Be32> addresses, const AddressKey& key, PortRange ports,
                         uint32_t first_slot)
    : addresses_(addresses.begin(), addresses.end()),
      key_(key),
      ports_(ports),
      first_slot_(first_slot) {
    std::sort(addresses_.begin(), addresses_.end());
    for (const Be32 address : addresses_)
        values_.push_back(sip_hash(key_.words, address.raw, kOfAddress));
    first_ = addresses_.front().host();
    last_ = addresses_.back().host();
    contiguous_ = last_ - first_ + 1 == addresses_.size();
}

std::optional<uint32_t> AddressPool::index_of(Be32 address) const {
    if (!contains(address))
        return std::nullopt;
    const auto found = std::lower_bound(addresses_.begin(), addresses_.end(), address);
    return static_cast<uint32_t>(found - addresses_.begin());
}

bool AddressPool::search(Be32 address) const {
    return std::binary_search(addresses_.begin(), addresses_.end(), address);
}

uint64_t AddressPool::value_of(net::InsideAddress host) const {
    return sip_hash(key_.words, host.bits(), kOfHost);
}

/// Of a host's value and an address's: both are secret, so this need not be. In the product every
/// bit of the sum reaches the highest, by which ranks differ.
uint64_t AddressPool::rank(uint64_t host, uint32_t index) const {
    constexpr uint64_t kGoldenRatio = 0x9e3779b97f4a7c15;  // Knuth, TAOCP vol. 3, 6.4
    return (host ^ values_[index]) * kGoldenRatio;
}

Choice AddressPool::first(net::InsideAddress host) const {
    const uint64_t value = value_of(host);
    Choice best{0, rank(value, 0)};
    for (uint32_t i = 1; i < size(); ++i)
        if (const uint64_t other = rank(value, i); other > best.rank)
            best = {i, other};
    return best;
}

std::span<uint32_t> AddressPool::ranked(net::InsideAddress host, std::span<uint32_t> order) const {
    const uint64_t value = value_of(host);
    const auto is_better = [&](uint32_t a, uint32_t b) { return rank(value, a) > rank(value, b); };
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
