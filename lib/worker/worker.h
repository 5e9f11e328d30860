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
/// Memory   Nothing is allocated after construction, but for ICMP errors and RSTs from the packet
///          pool.
/// Errors   None: a packet is forwarded, consumed, handed on or dropped with one reason.

#include "answer/icmp_error.h"
#include "answer/rate_limit.h"
#include "base/clock.h"
#include "flow/flow_table.h"
#include "fragment/datagrams.h"
#include "hosts/host_table.h"
#include "io/port.h"
#include "nat/nat.h"
#include "route/next_hops.h"
#include "route/routes.h"
#include "stats/counters.h"
#include "worker/admission.h"
#include "worker/burst.h"
#include "worker/note.h"
#include "worker/ring.h"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

struct rte_mbuf;
struct rte_mempool;

namespace sluice::worker {

/// How the checksums of what arrives are looked at.
enum class Verify : uint8_t { TrustNic, Software, Never };

/// What all workers share. All of it outlives them.
struct Shared {
    flow::FlowTable& table;
    const policy::Rules& rules;
    pool::Leases& leases;
    pool::Exhaustion& exhaustion;
    pool::ChangedPorts& changed_ports;
    const pool::Steering* steering = nullptr;  ///< Null: replies arrive where they arrive.
    const pool::StaticMappings& statics;
    conntrack::Tuning tuning;
    nat::HolderParams holders;
    hosts::HostTable& hosts;
    hosts::Limits host_limits;
    uint32_t reserve = 0;  ///< Records that each worker keeps for a full table.
    const route::Routes& routes;
    route::NextHops& next_hops;
    const Admission& admission;
    answer::RateLimit& icmp_limit;
    answer::RateLimit& reset_limit;
    std::array<Be32, 2> own;  ///< The gateway's address on each side; indexed by route::Side.
    Verify verify = Verify::TrustNic;
    fragment::Limits fragments;     ///< Of each worker.
    uint16_t most_mss = 0;          ///< A larger MSS is lowered to it; 0 for never.
    bool reject_invalid = false;    ///< Inside hosts learn by a RST that their segment is invalid.
    bool reject_exhausted = false;  ///< Inside hosts learn that there is no port for their flow.
    unsigned workers = 1;
    bool spread_flows =
        false;  ///< Fewer RX queues than workers: new flows go where their hash says.
};

/// A port as one worker uses it.
struct PortUse {
    io::Port* port = nullptr;
    std::optional<uint16_t> rx_queue;  ///< Nothing: other workers poll this port.
    uint16_t tx_queue = 0;
    rte_mempool* packets = nullptr;  ///< For what the worker sends by itself.
};

/// The rings between this worker and other threads.
struct Links {
    std::vector<Ring*> from_worker;  ///< Indexed by worker; null for itself.
    std::vector<Ring*> to_worker;
    Ring* to_control = nullptr;
    Ring* from_control = nullptr;
};

struct WorkerParams {
    uint8_t id = 0;
    std::array<PortUse, 2> ports;  ///< Indexed by route::Side.
    Links links;
    unsigned burst = 32;   ///< Packets asked of a queue at once; 1 to kBurstSize.
    bool prefetch = true;  ///< A burst's headers are sent for before they are read.
};

class Worker : private fragment::Discards {
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

    /// A step of every burst's way through the worker.
    struct Stage {
        const char* name;
        void (Worker::*run)(Burst&);
    };
    static std::span<const Stage> stages() { return kStages; }
    /// For benchmarks: adds the TSC cycles of each stage to its element, until it is given none.
    void time_stages(std::span<uint64_t> cycles) { stage_cycles_ = cycles; }

private:
    static const std::array<Stage, 11> kStages;

    /// Packets on their way out of the pipeline, to one port or one thread.
    struct Batch {
        std::array<rte_mbuf*, kBurstSize> mbuf;
        unsigned count = 0;

        std::span<rte_mbuf*> packets() { return std::span(mbuf).first(count); }
        bool is_full() const { return count == kBurstSize; }
        void add(rte_mbuf* packet) { mbuf[count++] = packet; }
    };

    /// How a packet that is translated goes on.
    struct Way {
        route::Side from;
        route::Side to;
        Be32 destination;
    };

    // Sources: worker.cc.
    unsigned receive(route::Side from, Burst& burst);
    unsigned take_handed_over(Ring& ring, Burst& burst);
    unsigned release();

    // Stages, in order: pipeline.cc.
    void forward(Burst& burst);
    void run(Burst& burst, size_t stage);
    void parse(Burst& burst);
    void reassemble(Burst& burst);
    void lookup(Burst& burst);
    void lookup_live(Burst& burst);
    void expect(Burst& burst);
    void track(Burst& burst);
    void track(Burst& burst, unsigned i);
    bool meet(Burst& burst, unsigned i);
    void check(Burst& burst);
    void translate(Burst& burst);
    void clamp_mss(Burst& burst);
    void depart(Burst& burst);
    void resolve(Burst& burst);
    void transmit(Burst& burst);

    // What happens to single packets, off the straight way: slow_path.cc.
    bool admit(Burst& burst, unsigned i);
    void answer_ping(Burst& burst, unsigned i);
    std::optional<nat::Request> request(Burst& burst, unsigned i);
    void open_flow(Burst& burst, unsigned i);
    bool is_alive(flow::FlowRef flow) const {
        // relaxed: the record was reached through the table, and is not reused this turn.
        return shared_.table.record(flow).life.load(std::memory_order_relaxed).life() ==
               flow::Life::Live;
    }
    route::Side exit_side(flow::FlowRef flow) const {
        return shared_.table.record(flow).sides.leave(flow.direction());
    }
    bool bring_home(Burst& burst, unsigned i);
    void bring_to(Burst& burst, unsigned i, unsigned owner);
    bool may_leave(Burst& burst, unsigned i, route::Side side);
    void send_error(Burst& burst, unsigned i, answer::IcmpError error);
    void refuse(Burst& burst, unsigned i, stats::Drop reason);
    void send_reset(Burst& burst, unsigned i);
    rte_mbuf* allocate(route::Side side, answer::RateLimit& limit);
    rte_mbuf* begin_answer(Burst& burst, unsigned i, answer::RateLimit& limit);
    void find_hop(Burst& burst, unsigned i);
    route::HopIndex send_by_route(rte_mbuf* mbuf, const Way& way);

    // ICMP errors about packets that are translated: icmp_relay.cc.
    void relay_error(Burst& burst, unsigned i);
    void drop_unreachable(rte_mbuf* mbuf);
    void tell_unreachable(const net::Packet& packet);
    bool send_unreachable(rte_mbuf* mbuf);

    // Fragments, and what is to be cut into some: fragments.cc.
    void take_fragment(Burst& burst, unsigned i);
    void lead(Burst& burst, unsigned i, const fragment::Arrival& arrival);
    void lead_to_owner(Burst& burst, unsigned i, uint8_t owner);
    void lead_out(Burst& burst, unsigned i);
    void follow(rte_mbuf* mbuf, route::Side from, fragment::Index datagram);
    fragment::Way way_of(const Burst& burst, unsigned i);
    void send_along(rte_mbuf* mbuf, route::Side from, fragment::Way& way);
    void send_to(rte_mbuf* mbuf, route::Side from, fragment::Way& way);
    void cut(rte_mbuf* mbuf, route::Side from, fragment::Way& way);
    void discard(rte_mbuf* packet, stats::Drop reason) override;

    // Ways out: exits.cc.
    void drop(Burst& burst, unsigned i, stats::Drop reason);
    void drop(rte_mbuf* mbuf, stats::Drop reason);
    void drop(std::span<rte_mbuf*> packets, stats::Drop reason);
    void hand_over(rte_mbuf* mbuf, unsigned worker, const Note& note);
    void punt(Burst& burst, unsigned i, const Note& note);
    void punt(rte_mbuf* mbuf, const Note& note);
    bool send_to_hop(rte_mbuf* mbuf, route::Side side, route::HopIndex hop);
    void send(rte_mbuf* mbuf, route::Side side);
    void finish(Batch& batch, unsigned taken, stats::Drop reason);
    void flush();
    void flush(route::Side side);
    void flush_to_worker(unsigned owner);
    void flush_to_control();

    const Shared& shared_;
    WorkerParams params_;
    std::array<uint64_t, 2> mac_;  // as words
    std::array<uint16_t, 2> mtu_;
    std::array<bool, 2> trust_nic_;
    stats::Counters counters_;
    flow::Member member_;
    nat::Nat nat_;
    fragment::Datagrams datagrams_;
    Tick now_;
    std::span<uint64_t> stage_cycles_;  // empty: not timed

    Burst burst_;                     // in hand; not made anew each time, for it is large
    std::array<Batch, 2> outgoing_;   // by side
    std::vector<Batch> handed_over_;  // by worker
    Batch punted_;
};

}  // namespace sluice::worker
