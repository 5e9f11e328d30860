// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Worker: one lcore's run through everything that a packet meets.
///
/// Shape    turn() polls what there is to poll once: the worker's queue of each port, the rings
///          from other workers, the ring from the control core. Each burst runs to completion
///          through the stages that forward() lists.
/// Threads  Owned by one lcore. With other threads it shares the flow table, the next hops and the
///          rings, nothing else that is written per packet.
/// Memory   Nothing is allocated after construction, but for ICMP errors, RSTs and the pieces of
///          cut packets, from the packet pool.
/// Errors   None: a packet is forwarded, consumed, handed on or dropped with one reason.

#include "base/clock.h"
#include "flow/flow_table.h"
#include "fragment/cutter.h"
#include "link/egress.h"
#include "link/ring.h"
#include "nat/own_flows.h"
#include "observe/tap.h"
#include "stats/counters.h"
#include "worker/admission.h"
#include "worker/answers.h"
#include "worker/arrivals.h"
#include "worker/burst.h"
#include "worker/departure.h"
#include "worker/fast_path.h"
#include "worker/flow_paths.h"
#include "worker/forwarding.h"
#include "worker/fragments.h"
#include "worker/handover.h"
#include "worker/icmp_relay.h"
#include "worker/ipv6_entry.h"
#include "worker/local.h"
#include "worker/openings.h"
#include "worker/owners.h"
#include "worker/shared.h"
#include "worker/tenure.h"
#include "worker/tracking.h"

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

struct rte_mbuf;
struct rte_mempool;

namespace sluice::worker {

/// The rings between this worker and other threads.
struct Links {
    std::vector<link::Ring*> from_worker;  ///< Indexed by worker; null for itself.
    std::vector<link::Ring*> to_worker;
    link::Ring* to_control = nullptr;
    link::Ring* from_control = nullptr;
};

struct WorkerParams {
    uint8_t id = 0;
    std::vector<PortUse> ports;  ///< Indexed by link::Interface::port.
    Links links;
    rte_mempool* packets = nullptr;  ///< For what the worker sends by itself.
    unsigned burst = 32;             ///< Packets asked of a queue at once; 1 to kBurstSize.
    bool prefetch = true;            ///< A burst's headers are sent for before they are read.
};

class Worker {
public:
    Worker(const Shared& shared, WorkerParams params);
    ~Worker();
    Worker(const Worker&) = delete;

    /// Polls everything once. `now` does not go back. Returns how many packets there were.
    unsigned turn(Tick now);

    /// Around a sleep of the caller, so that nobody waits for this worker's next turn.
    void rest() { member_.offline(); }
    void resume() { member_.online(); }

    /// Drops what waits in the rings to this worker: at the end, after every thread has stopped.
    void drain();

    const stats::Counters& counters() const { return counters_; }
    /// For who turns this worker, to say how long that took.
    stats::Load& load() { return counters_.load; }

    /// A step of every burst's way through the worker.
    struct Stage {
        const char* name;
        void (Worker::*run)(Burst&);
    };
    static std::span<const Stage> stages() { return kStages; }
    /// For benchmarks: adds the TSC cycles of each stage to its element, until it is given none.
    void time_stages(std::span<uint64_t> cycles) { stage_cycles_ = cycles; }

private:
    static const std::array<Stage, 13> kStages;

    unsigned receive(link::PortIndex port, Burst& burst);
    void drop_all(Burst& burst);
    unsigned take_handed_over(link::Ring& ring, Burst& burst);
    unsigned release();
    void go(Burst& burst) { rests_ ? drop_all(burst) : forward(burst); }
    void begin_turn(Tick now);
    void end_turn();

    /// The stage that one of the worker's objects has.
    template <auto kObject, auto kStage>
    void step(Burst& burst) {
        if constexpr (requires { (this->*kObject.*kStage)(burst); })
            (this->*kObject.*kStage)(burst);
        else
            (this->*kObject.*kStage)(burst, now_);
    }
    uint64_t send_for(const Burst& burst) const;
    void forward(Burst& burst);
    void run(Burst& burst, size_t stage);
    void forward_plain(Burst& burst);
    void transmit(Burst& burst);

    const Shared& shared_;
    WorkerParams params_;
    stats::Counters counters_;
    policy::Current policy_;  // of this turn
    Admission admission_;
    flow::Member member_;
    nat::OwnFlows own_flows_;
    observe::Tap tap_;
    std::unique_ptr<nat64::Edge> edge_;  // where IPv6 is served
    link::Egress egress_;
    Ipv6Crossing ipv6_crossing_;
    Ipv6Entry ipv6_entry_;
    Forwarding forwarding_;
    fragment::Cutter cutter_;
    FlowPaths flow_paths_;
    Answers answers_;
    Local local_;
    Arrivals arrivals_;
    FastPath fast_path_;
    IcmpRelay icmp_relay_;
    Fragments fragments_;
    Owners owners_;
    Handover handover_;
    Openings openings_;
    Tenure tenure_;
    Tracking tracking_;
    Departure departure_;
    Tick now_;
    std::span<uint64_t> stage_cycles_;  // empty: not timed
    bool rests_ = false;                // in this turn: what is received is dropped
    Burst burst_;                       // in hand; not made anew each time, for it is large
};

}  // namespace sluice::worker
