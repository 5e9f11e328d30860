// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Arrivals: flows of public addresses that another gateway of the cluster hands over to this one,
/// put into the flow table before it has them.
///
/// Shape    What goes by the address already, of an earlier attempt, or of a time when this gateway
///          had it, ends first: a walk over the table for all addresses that come together. Then
///          what is told is put under this gateway's own keys, as adoption would
///          (gateway/restoration.h judges it); what it hangs on must have come before, and still
///          stand. What goes by an address that this gateway uses, or that another one has and
///          nobody hands over, or that is none of the cluster's, is refused.
/// Threads  The control core's, while workers forward. They use none of these addresses yet.
/// Errors   None: what is not taken over is counted (sync_refused).
/// Memory   4 bytes for each record that a hand-over tells, until its end.
/// Cost     kArrivalsPerTurn records a turn, or a slice of the walk.

#include "base/clock.h"
#include "cluster/inbox.h"
#include "control/duty.h"
#include "control/ending_walk.h"
#include "flow/flow_table.h"
#include "gateway/restoration.h"
#include "gateway/told.h"
#include "nat/kept_endpoints.h"
#include "policy/current.h"
#include "pool/holdings.h"
#include "stats/counters.h"
#include "sync/mailbox.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

namespace sluice::gateway {

inline constexpr size_t kArrivalsPerTurn = 512;

class Arrivals final : public control::Duty {
public:
    /// All of them outlive it.
    struct Parts {
        flow::FlowTable& table;
        hosts::HostTable& hosts;
        hosts::Quotas& quotas;
        nat::KeptEndpoints& kept;
        const policy::Current& policy;  ///< Followed once a turn, as by every member.
        unsigned workers = 1;
        const pool::Holdings& holdings;
        cluster::Inbox& inbox;
    };
    explicit Arrivals(const Parts& parts) : parts_(parts) {}

    unsigned turn(Tick now, flow::Member& member) override;
    // A gateway of a cluster forwards by its lease, which is for workers to look at.
    bool is_active() const override { return true; }
    bool takes_over() override { return false; }
    bool take_quarrel() override { return false; }

    /// Of the control core.
    const stats::Counters& counters() const { return counters_; }

private:
    /// An own record that was told, as long as it lives.
    struct Own {
        uint32_t index;
        flow::LifeWord life;
    };

    unsigned clear_some(flow::Member& member);
    bool is_before(const flow::FlowRecord& record) const;
    bool has_changes();
    void look_for_coming();
    void apply(const sync::Change& change, Tick now, flow::Member& member);
    bool put(const sync::Record& record, Tick now, flow::Member& member);
    bool open(const Place& place, const Told& told);
    bool make_way(const Place& place, uint32_t rival);
    bool may_come(const flow::FlowRecord& record) const;
    std::optional<uint32_t> own_of(uint32_t link) const;

    Parts parts_;
    stats::Counters counters_;
    std::vector<sync::Change> changes_;
    size_t next_ = 0;         // of these
    std::set<Be32> cleared_;  // addresses of this teller: what went by them before has ended
    std::set<Be32> coming_;   // likewise, as soon as the walk is over
    control::EndingWalk walk_;
    std::unordered_map<uint32_t, Own> own_{};  // by the teller's index
};

}  // namespace sluice::gateway
