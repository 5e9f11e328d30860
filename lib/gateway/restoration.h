// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Restoration: the flows that a process before this one has left become this one's.
///
/// Shape    flow::Adoption with what a gateway knows beyond records: which of them are sound, what
///          the policy says of them, which host each is of, and which worker is to have it.
/// Threads  One, before any worker is there.
/// Errors   None: what is not taken over is counted by its reason (docs/continuity.md).

#include "base/clock.h"
#include "flow/adoption.h"
#include "flow/flow_table.h"
#include "hosts/host_table.h"
#include "hosts/quotas.h"
#include "nat/kept_endpoints.h"
#include "nat64/addresses.h"
#include "policy/policy.h"
#include "stats/counters.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

namespace sluice::gateway {

/// Memory for records that outlives the process, and what is in it.
struct Inheritance {
    flow::RecordMemory records;
    std::span<std::byte> numbers = {};  ///< Of IPv6 hosts, where these are served.
    std::span<std::byte> peers = {};    ///< Of those outside.
    bool is_found = false;              ///< A process before has left its records there.
    Tick now{};                         ///< By the clock of these.
    uint64_t without_room = 0;          ///< Records that are not there, for there was no room.
};

struct Restored {
    flow::Adoption::Tally tally;
    uint64_t without_ground = 0;  ///< Flows taken over that the policy would not open.
    std::chrono::nanoseconds took{};
    std::chrono::nanoseconds worked{};  ///< CPU time of it.
};

/// By the names of `sluicectl stats`.
void count(const flow::Adoption::Tally& tally, stats::Counters& counters);

class Restoration final : public flow::Heir {
public:
    struct Ground {
        flow::FlowTable& table;
        hosts::HostTable& hosts;
        hosts::Quotas& quotas;
        nat::KeptEndpoints& kept;
        const policy::Policy& policy;
        unsigned workers = 1;
        bool ends_without_ground = false;        ///< Flows that the policy would not open end.
        const nat64::Addresses* ipv6 = nullptr;  ///< Null: IPv6 is not served.
    };

    Restoration(const Ground& ground, Tick now) : ground_(ground), now_(now) {}
    Restored run();

    flow::Fate judge(flow::FlowRecord& record) override;
    void send_for_first(const flow::FlowRecord& record) override;
    void send_for_next(const flow::FlowRecord& record) override;
    void adopted(uint32_t index, flow::FlowRecord& record) override;
    /// What the record hangs on serves a host that has been answered.
    void prove(const flow::FlowRecord& record) const;

private:
    flow::Fate judge_flow(flow::FlowRecord& flow);
    flow::Fate judge_holder(flow::FlowRecord& holder) const;
    void make_own(flow::FlowRecord& record) const;
    bool is_nameless(Be32 address) const;
    bool is_private(const flow::FlowRecord& flow) const;
    bool is_private(Be32 shown, Be32 own) const;
    uint8_t tuning_of(const flow::FlowRecord& flow) const;
    void charge(uint32_t index, const flow::FlowRecord& flow) const;

    Ground ground_;
    Tick now_;
    uint64_t without_ground_ = 0;
};

}  // namespace sluice::gateway
