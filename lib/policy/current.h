// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Current: the policy that holds now.
///
/// Shape    A pointer. The gateway has one, which a reload replaces. Each worker has one of its own
///          that follows it at the beginning of a turn, so that all questions of a turn are
///          answered by one policy.
/// Threads  The gateway's is read by any member of the flow table, and what was read is good until
///          the end of its turn. replace() by one thread at a time, which keeps the old policy
///          until every member has been quiescent (docs/adr/0008-policy-and-reload.md).
///          A worker's is that worker's alone.

#include "policy/policy.h"

#include <atomic>

namespace sluice::policy {

class Current {
public:
    /// `policy` outlives this object, or is replaced before it goes.
    explicit Current(const Policy& policy) : policy_(&policy) {}
    Current(const Current&) = delete;

    const Policy& operator*() const {
        // acquire: with the store in replace() the policy is seen whole.
        return *policy_.load(std::memory_order_acquire);
    }
    const Policy* operator->() const { return &**this; }

    void replace(const Policy& policy) {
        // seq_cst: it stands before the replacing thread's look at who is a member, see
        // gateway/policies.cc.
        policy_.store(&policy, std::memory_order_seq_cst);
    }
    /// Of a worker's own: that of `other` from here on.
    void follow(const Current& other) {
        // relaxed: the same thread reads it.
        policy_.store(&*other, std::memory_order_relaxed);
    }

private:
    std::atomic<const Policy*> policy_;
};

}  // namespace sluice::policy
