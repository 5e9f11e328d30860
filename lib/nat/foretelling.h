// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Foretelling: what one worker's helped flows foretell, and what becomes of it when it comes.
///
/// Threads  Owned by one worker. The masters are its own flows; what they foretell, others may open
///          (nat/expectations.h).
/// Errors   What cannot be foretold is not.
/// Cost     That of choosing a port, and of an insert.

#include "base/clock.h"
#include "flow/flow_table.h"
#include "helper/helped.h"
#include "nat/allocator.h"
#include "nat/expectations.h"
#include "nat/rules.h"
#include "nat/ties.h"
#include "pool/exhaustion.h"
#include "pool/own_ports.h"

#include <cstdint>
#include <optional>

namespace sluice::nat {

class Foretelling {
public:
    /// The worker's own, and what all share.
    struct Parts {
        Expectations::Ground ground;  ///< Its helpers are null where no flow is helped.
        const Current& policy;
        pool::Exhaustion& exhaustion;
        const pool::OwnPorts* own_ports;
        Allocator& allocator;
        Ties& ties;
    };

    explicit Foretelling(const Parts& parts) : parts_(parts) {}

    /// The helper of a flow with this original tuple, that is opened by this rule, or by none.
    std::optional<helper::Kind> helper_of(const net::Tuple& original, const Rule* rule) const {
        return parts_.ground.helpers == nullptr ? std::nullopt
                                                : parts_.policy->helpers_of(rule).of(original);
    }
    /// Of such a flow, where it has an inside and an outside end; it is not published yet.
    void begin_help(uint32_t index, flow::FlowRecord& record, helper::Kind helper);

    /// The sender of a packet of a helped flow waits for one from the packet's receiver, by this
    /// port of its own. Returns the port that the receiver is to be told, if that can be foretold;
    /// the address is that by which it knows the sender. `rule` serves the sender, if it is inside.
    std::optional<Be16> foretell(flow::FlowRef master, Be16 port, const Rule* rule, Tick now);
    /// Likewise, of one that comes to the port by which the receiver knows the sender.
    bool foretell_answer(flow::FlowRef master, const Rule* rule, Tick now);

    /// A control connection of PPTP has agreed on a call. True where it stands, or may come: one
    /// that another call of its IDs stands in the way of does not.
    bool foretell_call(uint32_t master, const helper::CallIds& call, Tick now);
    /// And has ended it, or what is waited for.
    void end_call(uint32_t master, const helper::CallIds& call, Tick now);

    /// The record of a flow that is about to open has the expectation for itself, and hangs on what
    /// that hangs on; else it is given back.
    bool claim(uint32_t expectation, uint32_t index);
    /// The flow is there, or is not.
    void finish(uint32_t expectation, flow::InsertOutcome outcome);

private:
    hosts::Limits limits_of(const Rule* rule) const;
    bool choose_public(ExpectedFlow& expected, const Rule* rule, Tick now);
    bool may_tell_own_port(const ExpectedFlow& expected) const;
    bool expect_flow(const ExpectedFlow& expected, Tick now);
    bool renew(flow::FlowRef master, Tick now);
    void forget_last(flow::FlowRef master);
    bool is_in_the_way(const net::Tuple& key, Tick now);
    bool kill_call(flow::FlowRef call);

    Parts parts_;
    Trail trail_;
};

}  // namespace sluice::nat
