// SPDX-License-Identifier: BSD-3-Clause
#include "cluster/shares.h"

#include "base/sip_hash.h"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <utility>

namespace sluice::cluster {
namespace {

/// All gateways have the same, which is no secret: whoever reaches etcd can list owners.
constexpr SipKey kKey{0x736c756963652d63, 0x6c75737465720001};

/// Of the name's bytes in words, the last one filled up with zeros, after the address.
uint64_t weight(Be32 address, std::string_view name) {
    SipState<2, 4> state(kKey);
    state.take(address.host());
    uint64_t word = 0;
    for (size_t i = 0; i < name.size(); ++i) {
        word |= uint64_t{static_cast<uint8_t>(name[i])} << (8 * (i % 8));
        if (i % 8 == 7 || i + 1 == name.size())
            state.take(std::exchange(word, 0));
    }
    return state.value(8 + name.size());
}

}  // namespace

Shares::Shares(std::span<const Be32> addresses, std::vector<std::string> members)
    : members_(std::move(members)) {
    const size_t count = members_.size();
    // 1.1 fair shares, rounded up.
    const size_t most = count == 0 ? 0 : (11 * addresses.size() + 10 * count - 1) / (10 * count);
    std::vector<size_t> shares(count);
    std::vector<uint64_t> weights(count);
    for (const Be32 address : addresses) {
        for (size_t i = 0; i < count; ++i)
            weights[i] = weight(address, members_[i]);
        std::vector<uint32_t>& order = orders_.emplace_back(count);
        std::iota(order.begin(), order.end(), 0U);
        std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
            return std::pair(weights[a], a) < std::pair(weights[b], b);
        });
        const auto first =
            std::find_if(order.begin(), order.end(), [&](uint32_t i) { return shares[i] < most; });
        if (first == order.end())
            continue;
        ++shares[*first];
        std::rotate(order.begin(), first, std::next(first));
    }
}

const std::string* Shares::first(size_t address) const {
    return members_.empty() ? nullptr : &members_[orders_[address].front()];
}

std::optional<size_t> Shares::rank(size_t address, std::string_view name) const {
    if (members_.empty())
        return std::nullopt;
    const std::vector<uint32_t>& order = orders_[address];
    const auto found = std::find_if(order.begin(), order.end(),
                                    [&](uint32_t index) { return members_[index] == name; });
    if (found == order.end())
        return std::nullopt;
    return static_cast<size_t>(found - order.begin());
}

}  // namespace sluice::cluster
