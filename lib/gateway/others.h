// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Others: what this gateway has to do with flows of other gateways, where it is not alone: it is
/// one of a pair, or one of a cluster whose flows move.
///
/// Threads  Made by one, and then those of the Replica or of the Arrivals; the figures are
///          anybody's.

#include "cluster/inbox.h"
#include "config/config.h"
#include "control/duty.h"
#include "gateway/arrivals.h"
#include "gateway/replica.h"
#include "pool/holdings.h"
#include "stats/counters.h"

#include <atomic>
#include <memory>

namespace sluice::gateway {

class Others {
public:
    /// Of whom the configuration names. Both are null where no flows move in a cluster.
    void join(const config::Config& config, const Replica::Parts& parts,
              const pool::Holdings* holdings, cluster::Inbox* inbox);

    /// Flows may come that this gateway has not opened.
    bool may_come() const { return replica_ != nullptr || arrivals_ != nullptr; }
    /// Null where it is no part of a pair.
    Replica* replica() const { return replica_.get(); }
    /// Null where there is nothing to do for others.
    control::Duty* duty() const {
        if (replica_)
            return replica_.get();
        return arrivals_.get();
    }
    /// Null where it always forwards.
    const std::atomic<bool>* is_active() const {
        return replica_ ? &replica_->standing().is_active : nullptr;
    }
    void add_to(stats::Snapshot& snapshot) const;

private:
    std::unique_ptr<Replica> replica_;
    std::unique_ptr<Arrivals> arrivals_;
};

}  // namespace sluice::gateway
