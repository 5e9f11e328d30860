// SPDX-License-Identifier: BSD-3-Clause
#include "pool/address_pool.h"

#include <algorithm>
#include <bit>
#include <set>

namespace sluice::pool {
namespace {

/// What a CPU does with four numbers at once, the compiler finds out.
using Four [[gnu::vector_size(16)]] = uint32_t;
using SignedFour [[gnu::vector_size(16)]] = int32_t;

constexpr uint32_t kGoldenRatio = 0x9e3779b1;  // Knuth, TAOCP vol. 3, 6.4: the next prime

/// What the word that is hashed is of: its highest byte, which neither has.
constexpr uint64_t kOfHost = uint64_t{1} << 56;
constexpr uint64_t kOfAddress = uint64_t{2} << 56;

}  // namespace

AddressPool::AddressPool(std::span<const Be32> addresses, const AddressKey& key, PortRange ports,
                         uint32_t first_slot)
    : addresses_(addresses.begin(), addresses.end()),
      key_(key),
      ports_(ports),
      first_slot_(first_slot) {
    std::sort(addresses_.begin(), addresses_.end());
    lay_out_values();
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

/// No two have the same, or the later one would be nobody's.
void AddressPool::lay_out_values() {
    fours_.resize((addresses_.size() + kAtOnce - 1) / kAtOnce);
    std::set<uint32_t> taken;
    for (uint32_t i = 0; i < size(); ++i) {
        uint64_t value = short_sip_hash(key_.words, kOfAddress | addresses_[i].raw);
        while (!taken.insert(static_cast<uint32_t>(value)).second)
            value = short_sip_hash(key_.words, value);
        fours_[i / kAtOnce].value[i % kAtOnce] = static_cast<uint32_t>(value);
    }
    // What is left of the last four is the first address once more, and not better than that.
    for (size_t i = size(); i < fours_.size() * kAtOnce; ++i)
        fours_[i / kAtOnce].value[i % kAtOnce] = fours_.front().value.front();
}

uint32_t AddressPool::value_of(net::InsideAddress host) const {
    return static_cast<uint32_t>(short_sip_hash(key_.words, kOfHost | host.bits()));
}

/// Of a host's value and an address's: both are secret, so this need not be. In the product every
/// bit of the sum reaches the highest, by which ranks differ.
int32_t AddressPool::rank(uint32_t host, uint32_t index) const {
    const uint32_t value = fours_[index / kAtOnce].value[index % kAtOnce];
    return static_cast<int32_t>((host ^ value) * kGoldenRatio);
}

/// As rank() says of each.
uint32_t AddressPool::first(net::InsideAddress host) const {
    const uint32_t value = value_of(host);
    const auto ranks = [&](const Values& four) {
        return std::bit_cast<SignedFour>((std::bit_cast<Four>(four) ^ value) * kGoldenRatio);
    };
    Four place{0, 1, 2, 3};
    Four best = place;
    SignedFour rank = ranks(fours_.front());
    for (size_t i = 1; i < fours_.size(); ++i) {
        place += kAtOnce;
        const SignedFour other = ranks(fours_[i]);
        best = other > rank ? place : best;
        rank = other > rank ? other : rank;
    }
    uint32_t lane = 0;
    for (uint32_t i = 1; i < kAtOnce; ++i)
        if (rank[i] > rank[lane])
            lane = i;
    return best[lane];
}

std::span<uint32_t> AddressPool::ranked(net::InsideAddress host, std::span<uint32_t> order) const {
    const uint32_t value = value_of(host);
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
