// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Nat: the life of a flow, from the first packet that opens it to the one that ends it.
///
/// Shape    One Nat per worker, over the shared table and pool. To open a flow is to choose an
///          external port and to insert the reply tuple: the insert is the claim, so two flows
///          never share one, and no port is taken that another worker takes at the same moment.
/// Threads  Owned by one worker. Its flows are those that it opened.
/// Errors   A packet that opens nothing is dropped with a reason.
/// Cost     Opening: a few lookups and one insert (nat/port_choice.h).

#include "base/clock.h"
#include "conntrack/tracker.h"
#include "flow/flow_table.h"
#include "hosts/host_table.h"
#include "nat/early_drop.h"
#include "nat/holders.h"
#include "nat/mapper.h"
#include "nat/port_blocks.h"
#include "nat/port_choice.h"
#include "nat/rules.h"
#include "nat/stock.h"
#include "net/side.h"
#include "net/tuple.h"
#include "stats/counters.h"

#include <array>
#include <cstdint>

namespace sluice::nat {

/// What all workers' Nats share.
struct NatParams {
    flow::FlowTable& table;
    const Rules& rules;
    pool::Leases& leases;
    pool::Exhaustion& exhaustion;
    pool::ChangedPorts& changed_ports;
    const pool::Steering* steering;
    const pool::StaticMappings& statics;
    conntrack::Tuning tuning;
    hosts::HostTable& hosts;
    hosts::Limits limits;  ///< Of each inside host.
    HolderParams holders = {};
    uint32_t reserve = 0;  ///< Records kept for a full table; nat::reserve_for().
};

/// The inside endpoint behind a public one.
struct Behind {
    net::Endpoint inside;
    std::optional<uint32_t> mapping;  ///< The record of the mapping; nothing for a static one.
};

/// What the first packet of a flow asks for.
struct Request {
    net::Tuple original;
    net::Endpoint target;  ///< Whom the packet is for: its destination, or who holds that.
    net::Sides sides;      ///< Its source is translated if it comes from inside.
    std::optional<uint32_t> mapping = {};  ///< By which the target is reached; its filter decides.

    /// From inside to the world.
    static Request outward(const net::Tuple& original) {
        return {original, {original.destination, original.destination_port}, {}};
    }
    /// To an inside host, which holds the packet's destination.
    static Request inward(const net::Tuple& original, const Behind& behind, net::Side from) {
        return {original, behind.inside, {from, net::Side::Inside}, behind.mapping};
    }
};

/// What became of a packet that met no flow.
struct Opening {
    enum class Outcome : uint8_t {
        Opened,   ///< `flow` is new and in the state that the packet put it in.
        Existed,  ///< Another packet opened it a moment ago: `flow` may belong to another worker.
        Refused,  ///< For `reason`; no flow is left behind.
    };
    Outcome outcome = Outcome::Refused;
    flow::FlowRef flow;
    stats::Drop reason{};
};

/// What became of a packet of a flow.
struct Tracking {
    conntrack::Action action = conntrack::Action::Pass;
    stats::Drop reason{};
};

class Nat {
public:
    Nat(const NatParams& params, flow::Member& member, stats::Counters& counters, uint8_t worker);

    /// Takes records for `count` flows that a burst may open; finish() gives back what is left.
    void prepare(unsigned count) { stock_.prepare(count); }
    void finish() { stock_.finish(); }

    /// Sends for what opening a flow from inside will read. Of a burst, first expect() for each
    /// that may open, then expect_host().
    void expect(const net::Tuple& original);
    void expect_host(const net::Tuple& original) { params_.hosts.send_for_entry(original.source); }

    /// Who is behind a packet's destination, which is a public address.
    std::optional<Behind> behind(const net::Tuple& tuple, Tick now) const;

    /// Opens a flow for its first packet.
    Opening open(const Request& request, const conntrack::Segment& segment, Tick now);

    /// Steps the flow's state. On Reopen the flow is killed already; on Delete too, and the record
    /// may be read until the end of the turn.
    Tracking track(flow::FlowRef ref, const conntrack::Segment& segment, Tick now);

private:
    Chosen choose(const Request& request, Tick now);
    std::optional<net::Endpoint> mapped(const net::Tuple& original, const Rule* rule,
                                        Chosen& chosen, Tick now);
    /// What a flow is to hang on, if anything.
    struct Support {
        std::optional<uint32_t> holder;
        bool is_missing = false;  ///< There is no room for it.
    };
    Support support(const Request& request, const Chosen& chosen, Tick now);
    hosts::Admitted admit(const Request& request, Tick now);
    Opening claim(const Request& request, const conntrack::Segment& segment,
                  const conntrack::Verdict& verdict, hosts::HostIndex host, Tick now);
    std::optional<uint32_t> take_record(const net::Tuple& original, hosts::HostIndex host,
                                        Tick now);
    bool make_room(const net::Tuple& original, hosts::HostIndex host, Tick now);
    void fill(flow::FlowRecord& record, const Request& request, const net::Tuple& reply,
              const conntrack::Verdict& verdict, Tick now) const;
    void count(const Request& request, const net::Tuple& reply);

    NatParams params_;
    flow::Member& member_;
    stats::Counters& counters_;
    uint8_t worker_;
    Stock stock_;
    Holders holders_;
    PortBlocks blocks_;
    PortChoice ports_;
    Mapper mapper_;
    EarlyDrop early_drop_;
};

}  // namespace sluice::nat
