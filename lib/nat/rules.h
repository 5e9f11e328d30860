// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Rules: which inside hosts are served, and from which pool each is given its public address.
///
/// Shape    The rule with the longest inside prefix wins. A rule without a pool lets its hosts
///          leave with their own addresses (no NAT). Rules with equal pools share one.
/// Threads  Immutable after construction; shared by all workers.
/// Cost     find() is a binary search over the borders between prefixes; contains() is two
///          comparisons as long as the public addresses are one run.

#include "base/big_endian.h"
#include "net/prefix.h"
#include "pool/address_pool.h"
#include "pool/port_range.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace sluice::nat {

/// A rule as the operator writes it.
struct RuleParams {
    net::Prefix inside;
    bool is_exempt = false;                    ///< No NAT.
    std::vector<net::AddressRange> addresses;  ///< Of the pool; not empty but without NAT.
    pool::PortRange ports = pool::kAllPorts;   ///< What of the addresses' ports may be used.
};

struct Rule {
    net::Prefix inside;
    const pool::AddressPool* pool = nullptr;  ///< Null: no NAT.

    bool translates() const { return pool != nullptr; }
};

class Rules {
public:
    /// `secret` keys the pools' choice of address.
    Rules(std::span<const RuleParams> rules, uint64_t secret);
    Rules(const Rules&) = delete;

    /// The rule that serves an inside address; null when none does.
    const Rule* find(Be32 inside) const {
        const auto behind = std::upper_bound(
            steps_.begin(), steps_.end(), inside.host(),
            [](uint32_t address, const Step& step) { return address < step.first; });
        return (behind - 1)->rule;
    }

    /// True for the addresses of all pools.
    bool contains(Be32 address) const {
        return ranges_.front().first <= address && address <= ranges_.back().last &&
               (ranges_.size() == 1 || search(address));
    }

    /// The inside address may be seen outside.
    bool is_exempt(Be32 inside) const {
        const Rule* rule = find(inside);
        return rule != nullptr && !rule->translates();
    }

    const std::vector<std::unique_ptr<pool::AddressPool>>& pools() const { return pools_; }
    /// The addresses and ports that a pool is made of.
    const RuleParams& params_of(size_t pool) const { return pool_params_[pool]; }

private:
    /// From this address up to the next step, `rule` is the one.
    struct Step {
        uint32_t first = 0;
        const Rule* rule = nullptr;
    };

    const pool::AddressPool* share_pool(const RuleParams& params, uint64_t secret);
    const Rule* longest(Be32 address) const;
    void lay_steps();
    bool search(Be32 address) const;

    std::vector<std::unique_ptr<pool::AddressPool>> pools_;
    std::vector<RuleParams> pool_params_;  // of each pool, to know its like
    std::vector<Rule> rules_;
    std::vector<Step> steps_;                // ascending; the first begins at 0.0.0.0
    std::vector<net::AddressRange> ranges_;  // of all pools: ascending, apart; never empty
};

/// The addresses of all ranges: ascending, those that touch or overlap made one.
std::vector<net::AddressRange> merged(std::vector<net::AddressRange> ranges);

}  // namespace sluice::nat
