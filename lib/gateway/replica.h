// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Replica: the flows of the other gateway of a pair, in this one's flow table, as long as it
/// stands by; and the step from standing by to forwarding and back.
///
/// Shape    Following: what the peer tells is put under this gateway's own keys, as adoption would
///          (gateway/restoration.h judges it), and what it hangs on must be there; IPv6 hosts get
///          the numbers that they have at the peer (gateway/peer_hosts.h). After a Complete what
///          has not been told since Begin goes, in slices, and what is told behind it waits
///          (gateway/copies.h). Where another process of the peer's tells, what it tells is found
///          again. Active: nothing. Leaving: workers are told
///          to stop, and a grace period says that they have; its flows stay until the peer
///          forwards, for until then they may be the only ones there are. Emptying: all flows end,
///          since the peer has them by now; then it follows. The peer's clock decides when a flow
///          ends: here each keeps the time that it had when it was told, and half a minute at
///          least. One that starts standing by begins as if it were Leaving: where it has found
///          flows (--state) and is told to forward before the peer does, it goes on with them;
///          where the peer forwards, it has them too, and newer. Without flows it follows at once.
///          One that starts as active and has found none follows likewise, and becomes active by
///          itself (gateway/taking_back.h).
/// Threads  The control core's. Workers forward nothing but while it is Active, so nobody else
///          writes to records meanwhile: `is_active` is stored with release after all that was
///          taken over, and loaded with acquire by each worker once a turn. The way back is a grace
///          period of the flow table: a worker that has been quiescent since sees `is_active`
///          false.
/// Errors   None: what is not taken over is counted (sync_refused).
/// Memory   16 bytes and a bit a record of the flow table, at construction.
/// Cost     kChangesPerTurn changes a turn, or a slice of the records, also where flows are in the
///          way of a host's number; to become active, all that waits.

#include "base/clock.h"
#include "control/duty.h"
#include "flow/adoption.h"
#include "flow/flow_table.h"
#include "gateway/copies.h"
#include "gateway/kept_alive.h"
#include "gateway/peer_hosts.h"
#include "gateway/restoration.h"
#include "gateway/taking_back.h"
#include "gateway/told.h"
#include "policy/current.h"
#include "stats/counters.h"
#include "sync/mailbox.h"
#include "sync/standing.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sluice::gateway {

inline constexpr size_t kChangesPerTurn = 2048;

class Replica final : public control::Duty {
public:
    struct Parts {
        flow::FlowTable& table;
        hosts::HostTable& hosts;
        hosts::Quotas& quotas;
        nat::KeptEndpoints& kept;
        const policy::Current& policy;  ///< Followed once a turn, as by every member.
        unsigned workers = 1;
        std::function<void(const std::string&)> notice;
        std::optional<PeerHosts> ipv6 = {};  ///< Where IPv6 is served.
    };
    /// What the flow table has are flows of a process before.
    Replica(const Parts& parts, bool starts_active);

    /// Beside the flow table.
    static size_t bytes_needed(uint32_t records) { return Copies::bytes_needed(records); }

    unsigned turn(Tick now, flow::Member& member) override;
    bool is_active() const override { return phase_ == Phase::Active; }
    bool take_quarrel() override { return std::exchange(had_quarrel_, false); }
    bool takes_over() override { return !taking_back_.take_has_found_none(); }

    /// For the pair's thread, and who asks or says which of the two this gateway is.
    sync::Standing& standing() { return standing_; }
    const sync::Standing& standing() const { return standing_; }
    sync::Mailbox& mailbox() { return mailbox_; }
    /// Of the control core.
    const stats::Counters& counters() const { return counters_; }

private:
    enum class Phase : uint8_t { Active, Leaving, Emptying, Following };

    /// For the hosts that changes_ name: whether flows are in the way, and what is done about it.
    enum class Room : uint8_t { Unknown, Ending, Counting, Made };

    void watch_peer();
    void leave();
    unsigned return_to_duty();
    unsigned wait_for_peer(Tick now);
    unsigned empty(Tick now);
    void begin_following(Tick now);
    unsigned follow(Tick now, size_t most);
    void drop_changes();
    void apply(const sync::Change& change, Tick now);
    bool has_room_for(const sync::Change& change, Tick now);
    void name(const sync::Change& change, Tick now);
    void put(const sync::Record& record, Tick now);
    bool open(Twin& twin, const Told& told);
    void renew(const Twin& twin, flow::FlowRecord& candidate, Tick now);
    bool sweep();
    Restoration heir(Tick now) const;
    void become_active(Tick now);
    void refuse() { counters_.count[stats::Count::SyncRefused].add(1); }

    Parts parts_;
    sync::Standing standing_;
    sync::Mailbox mailbox_;
    stats::Counters counters_;
    Phase phase_;
    flow::Member* member_ = nullptr;  // of this turn
    TakingBack taking_back_;
    KeptAlive kept_alive_;
    Copies copies_;
    std::vector<sync::Change> changes_;
    size_t next_ = 0;  // of these
    bool has_begun_ = false;
    bool is_sweeping_ = false;     // behind a Complete
    Room room_ = Room::Unknown;    // again when a record was put
    Vacated vacated_;              // where that is known
    bool peer_is_active_ = false;  // though this gateway is
    bool had_quarrel_ = false;     // that nobody has taken up yet
    uint64_t grace_ = 0;
    uint32_t position_ = 0;  // in the table
    size_t kind_ = 0;        // that ends now
};

}  // namespace sluice::gateway
