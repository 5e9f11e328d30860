// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Rules: those of the configuration that holds now.
///
/// Shape    A pointer to a RuleSet, each question answered by the set that it points to then. What
///          is asked twice for a packet may be answered by two sets; each answer by itself is one
///          that the operator has given, and a flow opens by the last.
/// Threads  Asked by any member of the flow table, and what was answered is good until the end of
///          its turn. replace() by one thread at a time, which keeps the old set until every
///          member has been quiescent (docs/adr/0008-policy-and-reload.md).
/// Cost     A load more than the set's own.

#include "policy/rule_set.h"

#include <atomic>
#include <memory>

namespace sluice::policy {

class Rules {
public:
    /// `set` outlives this object, or is replaced before it goes.
    explicit Rules(const RuleSet& set) : set_(&set) {}
    /// Those of one configuration, with pools of their own.
    Rules(std::span<const RuleParams> rules, const pool::AddressKey& key,
          std::span<const Match> denied = {})
        : own_pools_(std::make_unique<Pools>(key)),
          own_set_(std::make_unique<RuleSet>(rules, denied, *own_pools_)),
          set_(own_set_.get()) {}
    Rules(const Rules&) = delete;

    void replace(const RuleSet& set) {
        // seq_cst: with current()'s acquire it shows the set whole; and it stands before the
        // replacing thread's look at who is a member, see gateway/policies.cc.
        set_.store(&set, std::memory_order_seq_cst);
    }
    const RuleSet& current() const { return *set_.load(std::memory_order_acquire); }

    const Rule* find(const net::Tuple& packet) const { return current().find(packet); }
    const Rule* find(Be32 inside) const { return current().find(inside); }
    const Denials& denials() const { return current().denials(); }
    bool serves(Be32 inside) const { return current().serves(inside); }
    bool contains(Be32 address) const { return current().contains(address); }
    bool is_exempt(Be32 inside) const { return current().is_exempt(inside); }
    bool have_mappings() const { return current().have_mappings(); }
    const std::vector<const pool::AddressPool*>& pools() const { return current().pools(); }
    const RuleParams& params_of(size_t pool) const { return current().params_of(pool); }

private:
    std::unique_ptr<Pools> own_pools_;
    std::unique_ptr<RuleSet> own_set_;
    std::atomic<const RuleSet*> set_;
};

}  // namespace sluice::policy
