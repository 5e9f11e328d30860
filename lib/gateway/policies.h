// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Policies: the one that holds, and how another takes its place while packets pass.
///
/// Shape    Workers and the control core go by in_force(), which points to the policy that holds.
///          Who is no member of the flow table asks current(), and keeps it meanwhile.
/// Threads  in_force(), current(), waiting(): any. All else: one thread at a time, not a worker's
///          and not the control core's, which use() waits for.
/// Memory   A policy whose place was taken is retired (base/grace.h), and freed when no member can
///          have seen it any more. While one stands still, kMostWaiting wait for that at most.

#include "base/grace.h"
#include "base/result.h"
#include "config/config.h"
#include "flow/flow_table.h"
#include "hosts/quotas.h"
#include "policy/current.h"
#include "policy/logged.h"
#include "policy/tunings.h"
#include "pool/doors.h"

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

namespace sluice::gateway {

/// Addresses that may come by reloads, beyond those of the start.
inline constexpr uint32_t kSpareSlots = 4096;

class Policies {
public:
    using Pointer = std::shared_ptr<const policy::Policy>;

    /// So many whose place was taken may wait until nobody goes by them.
    static constexpr size_t kMostWaiting = 8;

    /// With that of `config`; `key` is that of the pools' choice of address. The members of `table`
    /// are those who go by it, and `quotas` count by its doors; both outlive this object.
    Policies(const config::Config& config, const pool::AddressKey& key, flow::FlowTable& table,
             const hosts::Quotas& quotas);

    const policy::Current& in_force() const { return in_force_; }
    /// Of which rules' flows logs tell. Any thread.
    const policy::Logged& logged() const { return logged_; }
    /// Slots of all pools that there are or may be.
    uint32_t most_slots() const { return most_slots_; }

    /// For who can wait: threads of the idle class ask, too. Members of the flow table have
    /// in_force().
    Pointer current() const;

    /// An error where as many wait as may, where the addresses of all configurations so far, their
    /// sets of timeouts, or the doors with limits are more than there is room for, or where flows
    /// are to be helped that cannot be. Out of memory std::bad_alloc, and nothing has been made.
    Result<Pointer> compile(const config::Config& config);
    /// Takes back what the last compile() has made, which nobody has used: its addresses, timeouts
    /// and doors have taken no room.
    void discard(Pointer policy);
    /// Lets what compile() has made last hold. Returns when nobody goes by those before any more;
    /// false when some member has not turned for `patience_ms`: then they wait. It takes no memory.
    bool use(const Pointer& policy, unsigned patience_ms = 10000);
    /// Frees those by which nobody goes any more; returns how many wait. compile() and use() do so
    /// by themselves.
    size_t free_waiting();
    /// How many there were when somebody looked last.
    size_t waiting() const { return how_many_wait_.load(std::memory_order_relaxed); }

private:
    Result<Pointer> compile_anew(const config::Config& config);
    Status take_numbers(const config::Config& config);
    uint32_t oldest_edition() const;

    pool::AddressKey key_;
    flow::FlowTable& table_;
    const hosts::Quotas& quotas_;
    policy::Pools pools_;
    policy::Tunings tunings_;
    pool::Doors doors_{hosts::kFirstOwnDoor, hosts::kDoors - 1};
    policy::Logged logged_;
    Pointer first_;
    bool has_helpers_;
    uint32_t edition_ = 0;  // of the last compile()
    policy::Current in_force_;
    uint32_t most_slots_;
    uint32_t slots_before_ = 0;  // the last compile()
    size_t tunings_before_ = 0;  // likewise
    mutable std::mutex mutex_;   // of current_
    Pointer current_;
    Retired<std::vector<Pointer>> replaced_;  // the oldest first
    std::atomic<size_t> how_many_wait_{0};
};

}  // namespace sluice::gateway
