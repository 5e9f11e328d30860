// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Tenure: which packets a gateway of a cluster may not forward, for it has not the lease, or not
/// the public address, by which they go.
///
/// Shape    What it has is looked at once a turn. Without a lease nothing is forwarded. While flows
///          may be there that go by addresses of others, no packet takes the fast path, and each is
///          held against its flow's addresses.
/// Threads  Owned by one worker.
/// Cost     With a cluster alone: a read of the clock and three loads a turn.

#include "base/clock.h"
#include "flow/flow_table.h"
#include "link/egress.h"
#include "pool/holdings.h"
#include "stats/drop.h"
#include "worker/burst.h"
#include "worker/owners.h"

#include <optional>

struct rte_mbuf;

namespace sluice::worker {

class Tenure {
public:
    /// Null: there is no cluster, and nothing is refused.
    explicit Tenure(const pool::Holdings* holdings) : holdings_(holdings) {}

    /// Returns has_lease().
    bool begin_turn() {
        if (holdings_ != nullptr)
            look();
        return has_lease_;
    }
    // In this turn:
    bool has_lease() const { return has_lease_; }
    /// No flow goes by an address of others.
    bool is_settled() const { return is_settled_; }

    /// What are packets of flows that go by addresses of others, and errors about such, leaves the
    /// burst: what is from inside to the gateway that has its source's address, where there is one.
    void give_up_others(Burst& burst, const flow::FlowTable& table, Owners& owners,
                        link::Egress& egress, Tick now);
    /// Why a packet that has waited for its next hop there, and is translated, does not leave, if
    /// it does not.
    std::optional<stats::Drop> refuse_to_send(const rte_mbuf* packet, link::Realm to) const;

private:
    void look();

    const pool::Holdings* holdings_;
    bool has_lease_ = true;
    bool is_settled_ = true;
};

}  // namespace sluice::worker
