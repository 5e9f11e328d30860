// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Touched settings: what a change of timeouts and limits is about, which hold for all hosts.
///
/// Shape    Of a timeout, the flows in its state whose own it is and whose rule says no other; of
///          one that caps others while TCP sends again or waits for an ACK, the flows whose own is
///          longer, whether it caps that now or not: that changes with each packet. Of a limit,
///          those that have more already than the new one allows. Of --fragment-timeout, nothing
///          that there is, for it is of datagrams that begin later.
/// Threads  As touched.h.
/// Cost     For each flow little beside the look at it; where the number of mappings, blocks or
///          hosts matters, a look at each of them.

#include "base/clock.h"
#include "config/lines.h"
#include "conntrack/timeouts.h"
#include "flow/flow_table.h"
#include "hosts/host_table.h"
#include "listing/walk.h"
#include "nat64/naming.h"
#include "policy/policy.h"

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sluice::gateway {

/// What there is to be counted.
struct Present {
    flow::FlowTable& table;
    const hosts::HostTable& hosts;
    nat64::Naming naming;
    Tick now;
};

/// How many a line with this flag is about, in words; empty where nobody counts them.
std::string count_text(std::string_view flag, uint64_t count);

class TouchedSettings {
public:
    /// Both policies outlive this object.
    TouchedSettings(const config::Difference& difference, const policy::Policy& before,
                    const policy::Policy& after, const nat64::Naming& naming);

    /// A flow, each once.
    void add(const listing::Seen& flow);
    /// The rest. How many each flag is about stands in counts() then.
    void look_at(const Present& present);
    /// By flag, without those that are neither timeouts nor limits.
    const std::map<std::string, uint64_t, std::less<>>& counts() const { return counts_; }

private:
    using ByPrefix = std::unordered_map<uint64_t, uint32_t>;

    bool asks(std::string_view flag) const { return counts_.contains(flag); }
    void add_timeout(const listing::Seen& flow);
    void add_sender(const listing::Seen& flow);
    void look_at_hosts(const Present& present);
    void look_at_blocks(const Present& present);

    const policy::Policy& after_;
    nat64::Naming naming_;
    std::map<std::string, uint64_t, std::less<>> counts_;
    bool has_timeouts_ = false;
    bool holds_longer_ = false;  // --reset-hold is another one
    // By a flow's number of Tunings and its own timeout: those that are others for it, a bit each.
    std::vector<std::array<uint32_t, conntrack::kTimeoutCount>> others_;
    uint32_t from_outside_ = 0;
    ByPrefix inside_prefixes_;
    ByPrefix inside_prefixes6_;
    ByPrefix outside_prefixes_;
};

}  // namespace sluice::gateway
