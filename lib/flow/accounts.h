// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Accounts: packets and bytes of each flow and direction, in an array beside the records.
///
/// Shape    32 bytes a record, so that two share a cache line. Without accounting there are none.
/// Threads  An account has one writer, the flow's owner: packets of both directions are tracked by
///          it alone, whichever worker has received them, and what is tracked is counted. begin()
///          comes from who is to be the owner, before the record is published. What the owner of
///          the record's last flow has written is ordered before that by the record's way through
///          its grace period and the pool of free ones (base/grace.h, flow/record_pool.h). So a
///          count is a load and a store, no locked add. All orders are relaxed: who reads (lists,
///          who ends a flow) wants each number by itself. Of a flow that another thread ends, the
///          packets are not told that its owner tracks at that moment.
///          An owner may count on a record that has just been ended, until its turn is over: it is
///          not reused before.
/// Memory   Handed in, zeroed.
/// Source   nf_ct_acct_update() of Linux counts a packet where a tracker has accepted it and
///          renewed its flow's timeout (nf_ct_refresh_acct()): no ICMP error, nothing that passes
///          ignored, no SYN that is sent again before an answer.

#include "flow/flow_record.h"
#include "flow/traffic.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <span>

namespace sluice::flow {

struct Account {
    struct Way {
        std::atomic<uint64_t> packets{0};
        std::atomic<uint64_t> bytes{0};
    };
    std::array<Way, 2> way;  ///< Indexed by net::Direction.
};
static_assert(sizeof(Account) == 32);

class Accounts {
public:
    Accounts() = default;
    explicit Accounts(std::span<Account> accounts) : accounts_(accounts) {}

    bool is_on() const { return !accounts_.empty(); }

    /// The record's new flow starts with its first packet.
    void begin(uint32_t index, uint32_t bytes) {
        set(accounts_[index].way[0], {1, bytes});
        set(accounts_[index].way[1], {});
    }

    /// It counts from here on.
    void clear(uint32_t index) {
        for (Account::Way& way : accounts_[index].way)
            set(way, {});
    }

    void add(FlowRef flow, const Traffic& more) {
        Account::Way& way = accounts_[flow.index()].way[sluice::index(flow.direction())];
        const Traffic now = read(way);
        set(way, {now.packets + more.packets, now.bytes + more.bytes});
    }

    /// Sends for what add() touches.
    void send_for(FlowRef flow) const { __builtin_prefetch(&accounts_[flow.index()], 1); }

    /// Nothing where there is no accounting.
    std::optional<BothTraffic> read(uint32_t index) const {
        if (!is_on())
            return std::nullopt;
        const auto& way = accounts_[index].way;
        return BothTraffic{read(way[0]), read(way[1])};
    }

private:
    static Traffic read(const Account::Way& way) {
        return {way.packets.load(std::memory_order_relaxed),
                way.bytes.load(std::memory_order_relaxed)};
    }
    static void set(Account::Way& way, const Traffic& traffic) {
        way.packets.store(traffic.packets, std::memory_order_relaxed);
        way.bytes.store(traffic.bytes, std::memory_order_relaxed);
    }

    std::span<Account> accounts_;
};

}  // namespace sluice::flow
