// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Accounts: packets and bytes of each flow and direction, in an array beside the records.
///
/// Shape    32 bytes a record, so that two share a cache line. Without accounting there are none.
///          A packet is counted in the record's tally (flow/tally.h), which lies in a line that it
///          reads and writes in any case; a full one is added to the account. So a total is the
///          account's number and the tally's. Each number has a bit beside it, its epoch: while it
///          is the tally's, the tally has not been added yet.
/// Threads  An account has one writer, the flow's owner: packets of both directions are tracked by
///          it alone, whichever worker has received them, and what is tracked is counted. begin()
///          comes from who is to be the owner, before the record is published. What the owner of
///          the record's last flow has written is ordered before that by the record's way through
///          its grace period and the pool of free ones (base/grace.h, flow/record_pool.h). So a
///          count is a load and a store, no locked add.
///          The owner adds a full tally in three stores, each a release: the first number with the
///          other epoch, the second likewise, then the tally, empty and with that epoch too. Who
///          reads (lists, who ends a flow) wants each number by itself, and reads it, the tally,
///          and the number again, until both are the same: then the number has not changed in
///          between, but for changes by nothing. Of the tally's epoch, the tally was read before it
///          was added, and both are the total of that moment. Of the other, it was read between the
///          first store and the last, and the number is the total. Nothing else can be: a tally of
///          an epoch later is read only after the number's store, which the second reading would
///          have shown, and one of an epoch before not after it, as the first reading has seen it
///          (acquire). One bit is enough: where an epoch has come round in between, and the number
///          is the same, nothing was added, so the tally read had nothing of it.
///          tests/model/flow/accounts.pml searches all of that.
///          Of a flow that another thread ends, the packets are not told that its owner tracks at
///          that moment. An owner may count on a record that has just been ended, until its turn is
///          over: it is not reused before.
/// Memory   Handed in, zeroed; or with the accounts of a process before, of which each is settled
///          before its flow's first packet: that may have been killed between two stores.
/// Source   nf_ct_acct_update() of Linux counts a packet where a tracker has accepted it and
///          renewed its flow's timeout (nf_ct_refresh_acct()): no ICMP error, nothing that passes
///          ignored, no SYN that is sent again before an answer.

#include "flow/flow_record.h"
#include "flow/tally.h"
#include "flow/traffic.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <span>

namespace sluice::flow {

struct Account {
    /// Epoch 1 | number 63.
    class Sum {
    public:
        /// Adds what the tally has of it, unless that is done.
        void add(uint64_t more, bool epoch) {
            const uint64_t bits = bits_.load(std::memory_order_relaxed);  // its writer's own
            if (epoch_of(bits) == epoch)
                bits_.store((bits + more) ^ kEpoch, std::memory_order_release);
        }
        void clear() { bits_.store(0, std::memory_order_relaxed); }
        /// With what the tally has of it.
        uint64_t total(const Tally& tally, uint32_t (Tally::Seen::*part)() const) const {
            for (;;) {
                const uint64_t bits = bits_.load(std::memory_order_acquire);
                const Tally::Seen seen = tally.see();
                if (bits_.load(std::memory_order_relaxed) == bits)
                    return (bits & ~kEpoch) + (epoch_of(bits) == seen.epoch() ? (seen.*part)() : 0);
            }
        }

    private:
        static constexpr uint64_t kEpoch = uint64_t{1} << 63;
        static bool epoch_of(uint64_t bits) { return (bits & kEpoch) != 0; }

        std::atomic<uint64_t> bits_{0};
    };
    struct Way {
        Sum packets;
        Sum bytes;
    };
    std::array<Way, 2> way;  ///< Indexed by net::Direction.
};
static_assert(sizeof(Account) == 32);

class Accounts {
public:
    Accounts() = default;
    /// As many of both.
    Accounts(std::span<FlowRecord> records, std::span<Account> accounts)
        : records_(records.data()), accounts_(accounts) {}

    bool is_on() const { return !accounts_.empty(); }

    /// The record's new flow starts with its first packet.
    void begin(uint32_t index, uint32_t bytes) {
        clear(index);
        add({index, net::Direction::Original}, {1, bytes});
    }

    /// It counts from here on.
    void clear(uint32_t index) {
        for (unsigned i = 0; i < 2; ++i) {
            accounts_[index].way[i].packets.clear();
            accounts_[index].way[i].bytes.clear();
            records_[index].tally[i].restart();
        }
    }

    /// A packet, or a part of one.
    void add(FlowRef flow, const Traffic& more) {
        const unsigned way = sluice::index(flow.direction());
        if (records_[flow.index()].tally[way].add(more)) [[unlikely]]
            add_tally(flow.index(), way);
    }

    /// What the tallies have is in the account after that, and what had been done of it before is
    /// not done again.
    void settle(uint32_t index) {
        for (unsigned way = 0; way < 2; ++way)
            add_tally(index, way);
    }

    /// Nothing where there is no accounting.
    std::optional<BothTraffic> read(uint32_t index) const {
        if (!is_on())
            return std::nullopt;
        return BothTraffic{read(index, 0), read(index, 1)};
    }

private:
    [[gnu::noinline]] void add_tally(uint32_t index, unsigned way) {
        Tally& tally = records_[index].tally[way];
        Account::Way& to = accounts_[index].way[way];
        const Tally::Seen seen = tally.see();
        to.packets.add(seen.packets(), seen.epoch());
        to.bytes.add(seen.bytes(), seen.epoch());
        tally.renew();
    }
    Traffic read(uint32_t index, unsigned way) const {
        const Tally& tally = records_[index].tally[way];
        const Account::Way& from = accounts_[index].way[way];
        return {from.packets.total(tally, &Tally::Seen::packets),
                from.bytes.total(tally, &Tally::Seen::bytes)};
    }

    FlowRecord* records_ = nullptr;
    std::span<Account> accounts_;
};

}  // namespace sluice::flow
