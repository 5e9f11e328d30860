// SPDX-License-Identifier: BSD-3-Clause
#include "nat64/number_plan.h"

#include "base/sip_hash.h"

#include <algorithm>
#include <bit>
#include <string>
#include <tuple>

namespace sluice::nat64 {
namespace {

auto order(const net::Ipv6Address& address) {
    return std::tuple(address.high(), address.low());
}

bool is_within(const net::Ipv6Prefix& inner, const net::Ipv6Prefix& outer) {
    return inner.length > outer.length && outer.contains(inner.address);
}

template <typename T>
void leave_out_twins(std::vector<T>& items) {
    items.erase(std::unique(items.begin(), items.end()), items.end());
}

}  // namespace

Result<NumberPlan> NumberPlan::of(const net::Prefix& network,
                                  std::span<const net::Ipv6Prefix> prefixes,
                                  std::span<const net::Ipv6Address> hosts) {
    NumberPlan plan(network, {prefixes.begin(), prefixes.end()}, {hosts.begin(), hosts.end()});
    if (plan.hosts_.size() > kMostNamedHosts)
        return Error{std::to_string(plan.hosts_.size()) +
                     " IPv6 hosts are named, by rules, by forwards or as next hops; " +
                     std::to_string(kMostNamedHosts) + " can be"};
    if (plan.shares_.size() - 1 > kMostNamedPrefixes)
        return Error{std::to_string(plan.shares_.size() - 1) + " IPv6 prefixes are named; " +
                     std::to_string(kMostNamedPrefixes) + " can be"};
    const bool is_too_small =
        std::any_of(plan.shares_.begin(), plan.shares_.end() - 1,
                    [](const Share& share) { return share.all < kLeastShare; });
    if (is_too_small)
        return Error{"it is too small for " + std::to_string(plan.shares_.size() - 1) +
                     " IPv6 prefixes that are named, of which each has " +
                     std::to_string(kLeastShare) + " of its addresses at least"};
    return plan;
}

NumberPlan::NumberPlan(const net::Prefix& network, std::vector<net::Ipv6Prefix> prefixes,
                       std::vector<net::Ipv6Address> hosts)
    : network_(network.network()), hosts_(std::move(hosts)) {
    prefixes.push_back({});
    std::sort(prefixes.begin(), prefixes.end(), [](const auto& one, const auto& other) {
        return std::tuple(other.length, order(one.address)) <
               std::tuple(one.length, order(other.address));
    });
    leave_out_twins(prefixes);
    for (const net::Ipv6Prefix& prefix : prefixes)
        shares_.push_back({prefix});
    std::sort(hosts_.begin(), hosts_.end(),
              [](const auto& one, const auto& other) { return order(one) < order(other); });
    leave_out_twins(hosts_);
    shares_.back().all = static_cast<uint32_t>(uint64_t{1} << (32 - network.length));
    for (size_t share = shares_.size(); share-- > 0;)  // the outermost first
        cut(share);
    number_hosts();
}

/// Each within the share of its prefix, so that what is said of that holds for it too.
void NumberPlan::number_hosts() {
    std::vector<uint32_t> next;
    for (const Share& share : shares_)
        next.push_back(share.first + kFirstNamed);
    for (const net::Ipv6Address& host : hosts_)
        numbers_.push_back(next[static_cast<size_t>(&share_of(host) - shares_.data())]++);
}

/// Into a power of two of equal parts: one for each of the longest prefixes within it, at the end,
/// the others for its own hosts.
void NumberPlan::cut(size_t share) {
    Share& whole = shares_[share];
    std::vector<Share*> within;
    for (size_t inner = share; inner-- > 0;) {
        const net::Ipv6Prefix& prefix = shares_[inner].prefix;
        const bool is_nested = std::any_of(within.begin(), within.end(), [&](const Share* between) {
            return is_within(prefix, between->prefix);
        });
        if (is_within(prefix, whole.prefix) && !is_nested)
            within.push_back(&shares_[inner]);
    }
    std::sort(within.begin(), within.end(), [](const Share* one, const Share* other) {
        return order(one->prefix.address) < order(other->prefix.address);
    });
    const uint32_t parts = std::bit_ceil(static_cast<uint32_t>(within.size()) + 1);
    const uint32_t part = whole.all / parts;
    whole.own = whole.all - part * static_cast<uint32_t>(within.size());
    for (size_t i = 0; i < within.size(); ++i) {
        within[i]->first = whole.first + whole.own + part * static_cast<uint32_t>(i);
        within[i]->all = part;
    }
}

const NumberPlan::Share& NumberPlan::share_of(const net::Ipv6Address& host) const {
    return *std::find_if(shares_.begin(), shares_.end() - 1,
                         [&](const Share& share) { return share.prefix.contains(host); });
}

std::optional<uint32_t> NumberPlan::number_of(const net::Ipv6Address& host) const {
    const auto found = std::find(hosts_.begin(), hosts_.end(), host);
    if (found == hosts_.end())
        return std::nullopt;
    return numbers_[static_cast<size_t>(found - hosts_.begin())];
}

std::optional<net::Ipv6Address> NumberPlan::named(uint32_t number) const {
    const auto found = std::find(numbers_.begin(), numbers_.end(), number);
    if (found == numbers_.end())
        return std::nullopt;
    return hosts_[static_cast<size_t>(found - numbers_.begin())];
}

std::optional<net::Prefix> NumberPlan::stands_for(const net::Ipv6Prefix& prefix) const {
    const auto found = std::find_if(shares_.begin(), shares_.end(),
                                    [&](const Share& share) { return share.prefix == prefix; });
    if (found == shares_.end() || found->all == 0)
        return std::nullopt;
    return net::Prefix{Be32::from_host(network_.address.host() + found->first),
                       static_cast<uint8_t>(32 - std::countr_zero(found->all))};
}

std::optional<Be32> NumberPlan::stands_for(const net::Ipv6Address& host) const {
    const auto number = number_of(host);
    return number ? std::optional(Be32::from_host(network_.address.host() + *number))
                  : std::nullopt;
}

uint64_t NumberPlan::fingerprint() const {
    constexpr SipKey kKey{};  // told to nobody, so it need not be hard to guess
    uint64_t sum = sip_hash(kKey, network_.address.host(), network_.length);
    const auto add = [&](const net::Ipv6Address& address, uint64_t more) {
        sum = sip_hash(kKey, sip_hash(kKey, address.high(), address.low()), sum ^ more);
    };
    for (const Share& share : shares_)
        add(share.prefix.address, share.prefix.length);
    for (const net::Ipv6Address& host : hosts_)
        add(host, 0xff);
    return sum;
}

}  // namespace sluice::nat64
