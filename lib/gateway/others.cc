// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/others.h"

#include "sync/standing.h"

namespace sluice::gateway {

void Others::join(const config::Config& config, const Replica::Parts& parts,
                  const pool::Holdings* holdings, cluster::Inbox* inbox) {
    if (config.sync)
        replica_ = std::make_unique<Replica>(parts, config.role == config::Role::Active);
    if (inbox != nullptr)
        arrivals_ = std::make_unique<Arrivals>(
            Arrivals::Parts{parts.table, parts.hosts, parts.quotas, parts.kept, parts.policy,
                            parts.workers, *holdings, *inbox});
}

void Others::add_to(stats::Snapshot& snapshot) const {
    if (arrivals_)
        snapshot.add(arrivals_->counters());
    if (!replica_)
        return;
    snapshot.add(replica_->counters());
    // relaxed: figures for people.
    const sync::Standing& standing = replica_->standing();
    snapshot.count[stats::Count::SyncTold] = standing.told.load(std::memory_order_relaxed);
    snapshot.count[stats::Count::SyncLost] = standing.lost.load(std::memory_order_relaxed);
    snapshot.count[stats::Count::SyncResyncs] = standing.resyncs.load(std::memory_order_relaxed);
}

}  // namespace sluice::gateway
