// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Core: the control core's turn. It serves the workers, which never wait for it.
///
/// Shape    turn() takes what workers punted, and then does what time brings: neighbours, ageing,
///          reclaiming.
/// Threads  Owned by one thread, which is a member of the flow table.
/// Units    Time is handed in, so a test's clock is as good as the machine's.
/// Errors   What a turn has no memory for, a line of the log or a place for what comes, is left out
///          and counted as memory_short; the rest of the turn goes on.
/// Cost     Bounded each turn: kPuntsPerTurn packets of each worker, kMaxDuePerTurn flows.

#include "base/clock.h"
#include "control/ageing.h"
#include "control/duty.h"
#include "control/giving_up.h"
#include "control/kept_addresses.h"
#include "control/neighbours.h"
#include "control/outbox.h"
#include "control/rerouting.h"
#include "control/reuse_watch.h"
#include "control/twins.h"
#include "control/uplink_watch.h"
#include "flow/flow_table.h"
#include "link/next_hops.h"
#include "link/ring.h"
#include "observe/tap.h"
#include "policy/current.h"
#include "stats/counters.h"

#include <functional>
#include <optional>
#include <vector>

namespace sluice::control {

inline constexpr size_t kPuntsPerTurn = 64;  ///< Of each worker; a punted ARP makes one answer.

/// The rings between the control core and a worker.
struct WorkerRings {
    link::Ring* punt = nullptr;     ///< From the worker.
    link::Ring* release = nullptr;  ///< To it.
};

struct CoreParams {
    flow::FlowTable& table;
    const observe::Watches& watches;
    const link::Interfaces& interfaces;
    link::NextHops& hops;
    const policy::Current& policy;
    std::vector<WorkerRings> workers;
    rte_mempool* packets = nullptr;  ///< For ARP frames; with room for a link::Note.
    NeighbourParams neighbours;
    std::function<void(Tick)> each_turn;  ///< What else is to be done, once a turn.
    BlockNotice block_notice = {};
    TwinParams twins = {};
    UplinkWatchParams uplinks = {};
    const pool::Exhaustion* exhaustion = nullptr;  ///< Null: no block of ports is taken back.
    bool has_adopted = false;                      ///< Flows of a process before are there.
    Duty* duty = nullptr;                          ///< Null: this gateway is no part of a pair.
    pool::Holdings* holdings = nullptr;            ///< Null: it is no part of a cluster.
};

class Core {
public:
    explicit Core(CoreParams params);
    Core(const Core&) = delete;

    /// Announces the gateway's addresses and asks for its next hops; before the first turn.
    void start(Tick now);
    /// A port's link has come back.
    void link_came(Tick now) {
        if (is_active_)
            neighbours_.link_came(now);
    }
    /// Neighbours::let_go().
    void let_go(link::InterfaceId interface, Be32 address, Tick now) {
        neighbours_.let_go(interface, address, now);
    }
    /// Returns how much there was to do, 0 when the caller may as well sleep for a millisecond.
    unsigned turn(Tick now);

    /// Around a sleep of the caller, so that nobody waits for the next turn.
    void rest() { member_.offline(); }
    void resume() { member_.online(); }

    /// Drops what waits here and in the rings from the workers; when all of them have stopped.
    void stop();

    const stats::Counters& counters() const { return counters_; }

private:
    template <typename Work>
    void attempt(Work work);
    unsigned follow_duty(Tick now);
    unsigned serve(Tick now);
    void follow_policy(Tick now);
    void follow_routes(Tick now);
    unsigned take_punted(unsigned worker, Tick now);
    void take(rte_mbuf* mbuf, unsigned worker, Tick now);

    CoreParams params_;
    bool is_active_;       // as the duty was when it was last followed
    uint32_t generation_;  // of the hops, when the routes' gateways were last read
    uint32_t edition_;     // of the policy that was last followed
    std::vector<policy::Answered> answered_;  // by that
    stats::Counters counters_;
    flow::Member member_;
    observe::Tap tap_;
    Outbox outbox_;
    KeptAddresses kept_;
    Neighbours neighbours_;
    Twins twins_;
    Ageing ageing_;
    UplinkWatch uplink_watch_;
    Rerouting rerouting_;
    GivingUp giving_up_;
    ReuseWatch reuse_watch_;
};

}  // namespace sluice::control
