// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Host table: how many flows and mappings each inside host has, how many of them half-open, and
/// how fast it opens them. It holds hosts to their limits, and tells a full flow table whose may
/// go.
///
/// Shape    One entry of 32 bytes for each host that has flows or had some a moment ago, in chains
///          from an array of heads, by the keyed hash of the inside address and its zone. Beside
///          them stands for each record of the flow table whose flow it is, so that a flow's end
///          looks nothing up.
/// Units    Flows, mappings and contacts, together: each is a record of the flow table. Half-open
///          is a flow that has not been answered, of any protocol. A rate counts the flows that the
///          host opened in one second of the clock.
/// Threads  All functions but turn() by any member of the flow table (flow::Member), at once and
///          without a lock; turn() by the control core alone. Nothing here is done per packet.
///          docs/host-table.md has the protocol and its proof. In short:
///          - An entry's address and its number of flows are one word, and each change is a
///            compare-and-swap or an addition to it: nobody counts for a host that has lost its
///            entry. Only turn() ends entries, by swapping 0 flows for kGone. Its zone is written
///            before it is in a chain, and stays until the grace period after it has left.
///          - Entries are put in at a chain's head, by a swap that fails if the head has changed
///            since the chain was searched: a host never has two. A new one has its first flow
///            from before it is put in, so that what turn() ends is in its chain. turn() alone
///            takes them out, and reuses them after a grace period of the flow table.
///          - That a flow is half-open no longer is settled once, by who first sets kSeenReply,
///            kAssured or kEnded in its status: the owner, who sees its answer, or whoever ends it.
///          - That a host has been answered is a bit of its word, which stays to the entry's end.
/// Errors   With no entry free a flow is admitted without a host (kNoHost): it is not counted and
///          not limited, and the caller counts that.
/// Memory   All at create(): 32 bytes an entry, 8 for its head and link; 4 a flow.
/// Cost     admit(): two lines, and an atomic addition or two. Other changes: one line.

#include "base/big_endian.h"
#include "base/clock.h"
#include "base/grace.h"
#include "base/memory.h"
#include "base/result.h"
#include "flow/flow_record.h"
#include "flow/record_pool.h"
#include "hosts/heads.h"
#include "hosts/rate.h"
#include "hosts/sweep.h"
#include "net/side.h"
#include "net/tuple.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

namespace sluice::hosts {

/// An entry, counted from 1.
using HostIndex = uint32_t;
inline constexpr HostIndex kNoHost = 0;

inline constexpr unsigned kHostBits = 20;  ///< Of a HostIndex.
inline constexpr uint32_t kMostHosts = (uint32_t{1} << kHostBits) - 1;

/// A pass of turn() over all entries takes so long.
inline constexpr Duration kReclaimPass = Duration::seconds(4);

/// What one host may have; 0 is no limit.
struct Limits {
    uint32_t flows = 0;  ///< Mappings and contacts count as well.
    uint32_t new_per_second = 0;
};

inline constexpr uint32_t kMostFlows = 1U << 28;  ///< Of Limits::flows.

enum class Answer : uint8_t {
    Admitted,
    TooManyFlows,  ///< Limits::flows.
    TooFast,       ///< Limits::new_per_second.
};

struct Counted {
    Answer answer = Answer::Admitted;
    HostIndex host = kNoHost;  ///< kNoHost with Admitted: no entry was free.
};

/// A host as lists show it.
struct Host {
    HostIndex index = kNoHost;
    Be32 address;
    uint16_t zone = 0;
    uint32_t flows = 0;
    uint32_t half_open = 0;
    uint32_t rate = 0;     ///< Flows that it opened in the last whole second.
    uint32_t refused = 0;  ///< By its limits, since its entry began.
};

/// What tells a host that floods, or that somebody forges, from others.
struct Standing {
    uint32_t half_open = 0;    ///< Of those that it opened itself, how many at least.
    bool is_answered = false;  ///< Somebody has answered it since its entry began. Who forges a
                               ///< source never is, but by asking somebody who does answer.
};

struct HostTableParams {
    uint32_t capacity = 0;  ///< Hosts; 1 to kMostHosts.
    uint32_t flows = 0;     ///< Records of the flow table.
    PageKind pages = PageKind::Ordinary;
    int numa_node = -1;
    uint64_t secret = 0;  ///< Random per start: keys the hash.
};

/// Entries for a gateway whose inside has so many addresses: no more than can be in use, and at
/// most kMostHosts.
uint32_t capacity_for(uint64_t addresses, uint32_t flows);

class HostTable final : public flow::Ending {
public:
    static Result<std::unique_ptr<HostTable>> create(const HostTableParams& params);

    static size_t bytes_needed(uint32_t capacity, uint32_t flows);

    /// By which a host is looked for.
    uint64_t hash(net::InsideAddress host) const { return heads_.hash(host); }

    /// Sends for what admit() reads of a host: first all heads of a burst, then all entries.
    void send_for_head(uint64_t hash) { __builtin_prefetch(&heads_.of(hash)); }
    void send_for_entry(uint64_t hash) {
        if (const HostIndex first = heads_.of(hash).load(std::memory_order_relaxed);
            first != kNoHost)
            __builtin_prefetch(&entry(first), 1);
    }

    /// Counts a half-open flow that the host is about to open, unless a limit forbids it.
    /// withdraw() takes it back when no flow came of it, but for its part in the rate.
    Counted admit(net::InsideAddress host, const Limits& limits, Tick now,
                  std::optional<uint64_t> known_hash = {});
    /// How many flows, mappings and contacts it has; 0 where it had some a moment ago, and nothing
    /// where nobody knows of it.
    std::optional<uint32_t> flow_count(net::InsideAddress host) const;
    /// What admit() would answer now. Nothing is counted.
    Answer would_admit(net::InsideAddress host, const Limits& limits, Tick now) const;
    /// Counts one whatever the limits say: that somebody outside opens to the host, or that stands
    /// already, with the status of its record. It has no part in the rate.
    Counted admit_freely(net::InsideAddress host, net::Sides sides, Tick now, uint8_t status = 0);
    void withdraw(HostIndex host, net::Sides sides = {});
    /// Counts what is not half-open and part of no rate: a mapping or a contact that the host is
    /// about to have, or a flow of which ended() is not told. leave() takes it back.
    Counted enter(net::InsideAddress host, const Limits& limits, Tick now);
    void leave(HostIndex host, net::Sides sides = {});

    /// The host whose flow, mapping or contact a record of the flow table is; kNoHost for none. It
    /// is set before the record is published as a flow, and means nothing once it has ended.
    HostIndex host_of(uint32_t flow) const {
        return host_of_[flow].load(std::memory_order_relaxed);
    }
    void set_host(uint32_t flow, HostIndex host) {
        // relaxed: publishing the record releases it.
        host_of_[flow].store(host, std::memory_order_relaxed);
    }

    /// The owner adds status bits to a flow, which may answer or assure it.
    void add_status(uint32_t flow, flow::FlowRecord& record, uint8_t bits);
    /// Marks a flow as about to be evicted; false, and nothing changes, if it has one of the status
    /// bits `protecting`, kAssured among them.
    bool condemn(uint32_t flow, flow::FlowRecord& record, uint8_t protecting);
    /// A flow, a mapping or a contact is gone. Blocks of ports are not counted here.
    void ended(uint32_t flow, flow::FlowRecord& record) override;
    void expect(uint32_t flow) override {
        if (const HostIndex host = host_of(flow); host != kNoHost)
            __builtin_prefetch(&entry(host), 1);
    }

    /// How many half-open flows a host has now; 0 for kNoHost.
    uint32_t half_open(HostIndex host) const;
    Standing standing_of(HostIndex host) const;

    /// The control core's: takes the entries of hosts without flows out, a slice each turn.
    void turn(Tick now, Grace& grace);

    /// Calls visit(host) for the hosts of the entries [first, last) that have flows.
    template <typename Visit>
    void for_each(uint32_t first, uint32_t last, Tick now, Visit visit) const {
        for (uint32_t i = first; i < last && i < entries_.size(); ++i)
            if (const auto host = read(i, now))
                visit(*host);
    }
    uint32_t capacity() const { return static_cast<uint32_t>(entries_.size()); }

private:
    struct alignas(32) Entry {
        std::atomic<uint64_t> held;  // address 32 | is answered 1 | flows 31
        std::atomic<uint64_t> rate;  // Rate
        std::atomic<uint32_t> half_open;
        std::atomic<uint32_t> link;  // zone 12 | next of the chain 20; turn() alone changes it
        std::atomic<uint32_t> refused;
        std::atomic<uint32_t> inward;  // of the flows, those that were opened from outside
    };
    static_assert(sizeof(Entry) == 32, "two entries a cache line");

    HostTable() = default;
    Entry& entry(HostIndex host) { return entries_[host - 1]; }
    const Entry& entry(HostIndex host) const { return entries_[host - 1]; }
    HostIndex find(HostIndex first, net::InsideAddress wanted) const;
    /// What the entry of a host has of its first flow.
    struct First {
        Rate rate;
        uint32_t half_open;
    };
    struct Found {
        HostIndex host;
        bool is_new;  // the caller's flow is its first
    };
    Found find_or_add(net::InsideAddress wanted, uint64_t hash, const First& first_flow);
    struct Place {
        HostIndex host;
        bool is_counted;  // else the host has as many flows as it may
        bool is_new;
    };
    Place join(net::InsideAddress wanted, uint64_t hash, uint32_t most, const First& first);
    std::optional<Host> read(uint32_t index, Tick now) const;
    void leave_half_open(uint32_t flow, uint8_t before);
    void end_idle(HostIndex host, Tick now);
    void take_out(HostIndex host);

    Pages pages_;
    std::span<Entry> entries_;
    Heads heads_;
    std::span<std::atomic<uint32_t>> host_of_;  // by record of the flow table
    flow::RecordPool free_;

    // The control core's.
    uint32_t position_ = 0;
    Sweep sweep_{kReclaimPass};
    Retired<flow::Chain> gone_;  // out of their chains
};

}  // namespace sluice::hosts
