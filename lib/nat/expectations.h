// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Expectations: flows that a helped flow, their master, has foretold, before they open.
///
/// Shape    Records of the flow table, with the keys that the foretold flow's packets will have,
///          but for the port that nobody knows yet, which is 0, and for the kind:
///
///              original: peer, port 0 -> where it was told to go
///              reply:    who waits there -> peer, port 0
///
///          with the zone of the inside end in both that are of one. To insert both is the claim:
///          nobody else is promised the endpoint to that peer. Of a call of PPTP both call IDs are
///          known, and either end may be the first to send, so its keys are those of the flow
///          (nat/calls.h). An expectation hangs on what the
///          port that was told is of, a mapping or a block of ports, and lives no longer than its
///          master: whoever finds it looks at that.
///          The packet that an expectation foretold opens its flow, whatever filters and mappings
///          say, and ends the expectation: who sets kClaimed first has it, and lets go of it where
///          the flow does not open after all.
/// Threads  Made by their master's owner; found and claimed by any worker, whose flow it becomes.
///          `state` is the only word that two may write: a read-modify-write, acquire where it
///          claims (what the other has left is seen) and release where it lets go. What else is
///          read was written before the record was published.
/// Errors   What cannot be foretold is not; the packet that told of it passes as it came.
/// Cost     find() is a comparison of the clock, and while there are any a lookup.
/// Source   nf_conntrack_expect of Linux; nf_nat_follow_master() (nf_nat_helper.c): the foretold
///          flow has its master's public address.

#include "base/clock.h"
#include "flow/flow_table.h"
#include "flow/stock.h"
#include "helper/helped.h"
#include "helper/pptp.h"
#include "hosts/host_table.h"
#include "nat/decision.h"
#include "net/side.h"
#include "net/tuple.h"
#include "stats/counters.h"

#include <cstdint>
#include <new>
#include <optional>

namespace sluice::nat {

/// The use of a record that a flow which foretells others has.
struct Master {
    uint32_t index = 0;
    flow::LifeWord life{};
};

/// Its index, while it lives. A late reader (flow/reading.h) may ask of a record that has none.
std::optional<uint32_t> living(const flow::FlowTable& table, const Master& master, Tick now);

/// What the record of an expectation has in place of a tracker.
struct Expected {
    flow::Holding holding{};  ///< First, as of every record that is no flow.
    Master master{};          ///< The flow that foretold it.
    Be16 call_id;        ///< Of a call: that by which the client is to see the server's packets.
    Be32 seen_as;        ///< The address that who waits is to see the peer by.
    net::Sides sides{};  ///< Of the foretold flow.
    /// What it hangs on, as the foretold flow will: the record's own link goes when it ends.
    std::optional<uint32_t> holder = {};

    static Expected& of(flow::FlowRecord& record) {
        return *std::launder(reinterpret_cast<Expected*>(record.tracker.data()));
    }
    static const Expected& of(const flow::FlowRecord& record) {
        return *std::launder(reinterpret_cast<const Expected*>(record.tracker.data()));
    }
};
static_assert(sizeof(Expected) <= sizeof(flow::FlowRecord::tracker));

/// The record of the flow that foretold it, while that lives: else nobody waits for it any more. A
/// late reader may ask of a record that is no expectation any more.
std::optional<uint32_t> master_of(const flow::FlowTable& table, const flow::FlowRecord& expectation,
                                  Tick now);

/// A flow that is to be foretold.
struct ExpectedFlow {
    flow::FlowRef master;                 ///< And the direction of the packet that tells of it.
    net::Endpoint waits;                  ///< Who waits for it: the sender, by whatever port.
    net::Endpoint told;                   ///< Where the peer is told to go.
    std::optional<uint32_t> holder = {};  ///< That `told` is of.
    hosts::Limits limits = {};            ///< Of the inside host.
    /// Of a call: these in place of `waits` and `told`, and the server's answer tells of it.
    std::optional<helper::CallIds> call = {};
};

/// The keys of a call that a control connection has agreed on, as flow or expectation.
struct CallKeys {
    net::Tuple original;  ///< From who has opened the control connection.
    net::Tuple reply;
};
CallKeys keys_of_call(const flow::FlowRecord& master, const helper::CallIds& call, flow::Kind kind);

class Expectations {
public:
    Expectations(const flow::FlowTable& table, const helper::Helped* helpers)
        : table_(table), helpers_(helpers) {}

    /// Some may be, of packets that come now.
    bool are_any(Tick now) const { return helpers_ != nullptr && helpers_->may_await(now); }
    /// The record of what foretold this packet, which comes from that side and meets no flow.
    std::optional<uint32_t> find(const net::Tuple& packet, net::Side from, Tick now) const;
    /// As whose first packet it opens a flow; `rule` serves its source, if it comes from inside.
    Request request(uint32_t expectation, const net::Tuple& packet, const Rule* rule) const;

    /// The worker's own.
    struct Ground {
        flow::FlowTable& table;
        flow::Member& member;
        flow::Stock& stock;
        hosts::HostTable& hosts;
        stats::Counters& counters;
        helper::Helped* helpers = nullptr;
        uint8_t worker = 0;
    };
    /// Nothing, where there is no room, the host has all that it may, or the endpoint is another's.
    static std::optional<helper::Foretold> make(const Ground& ground, const ExpectedFlow& expected,
                                                Tick now);
    /// `flow` has been opened as the call that was foretold, and is not published yet.
    static void begin_call(const flow::FlowRecord& expectation, flow::FlowRecord& flow);
    /// False: another packet has it, or it is over.
    static bool claim(flow::FlowRecord& expectation);
    static void let_go(flow::FlowRecord& expectation);

private:
    Request request_call(uint32_t expectation, const net::Tuple& packet, const Rule* rule) const;

    const flow::FlowTable& table_;
    const helper::Helped* helpers_;  // null: nothing is helped
};

}  // namespace sluice::nat
