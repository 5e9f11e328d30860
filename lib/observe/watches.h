// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Watches: who looks at packets now, and at which.
///
/// Shape    A watch has what it wants and a ring from each thread that sees packets. There are
///          kMostWatches places for them, which those threads look at once a turn.
/// Threads  Reader: open() and the rest by one background thread each. Taps (tap.h) read the
///          places, as members of the flow table: with acquire, which sees the watch that open()
///          has stored there with release. A watch that is closed is retired (base/grace.h) when
///          its place is empty: when it is freed no turn still uses it.
/// Memory   A ring a thread for each watch, from open() on; freed by the next open() or close()
///          after that grace period.
/// Errors   open() fails where all places are taken.

#include "base/grace.h"
#include "base/result.h"
#include "flow/flow_record.h"
#include "nat64/tuple_filter.h"
#include "observe/packet_ring.h"
#include "stats/drop.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace sluice::observe {

inline constexpr size_t kMostWatches = 2;
inline constexpr uint32_t kWholeFrame = 262144;  ///< A snaplen that nothing exceeds.

/// Which packets are wanted: as they come, as they leave, or both; or only those that are dropped.
enum class Which : uint8_t { Coming, Leaving, Both, Dropped };

/// A packet that has been translated and sent may yet end for one of these.
constexpr bool may_end_leaving(stats::Drop reason) {
    using enum stats::Drop;
    return reason == LinkDown || reason == TxFull || reason == Truncated || reason == Ipv6NoHost ||
           reason == Ipv6Untranslatable;
}

struct Wish {
    Which which = Which::Coming;
    std::optional<stats::Drop> reason{};  ///< Of Dropped: this one alone.
    nat64::TupleFilter filter{};          ///< Of the flow's original tuple.
    std::vector<uint16_t> from{};         ///< Interfaces that it came by; empty: any.
    uint32_t snaplen = kWholeFrame;       ///< Bytes of each frame.

    bool wants_coming() const { return which == Which::Coming || which == Which::Both; }
    bool wants_leaving() const { return which == Which::Leaving || which == Which::Both; }
    bool wants_drop(stats::Drop dropped) const {
        return which != Which::Leaving && (!reason || *reason == dropped);
    }
    /// Packets of flows that go their way, with nothing to stop them but the port, may concern it.
    bool wants_passing() const {
        return which != Which::Dropped || !reason || may_end_leaving(*reason);
    }
    /// A packet of no flow may be of either direction.
    bool matches(const PacketEntry& entry) const {
        if (!from.empty() && std::ranges::find(from, entry.from) == from.end())
            return false;
        if (filter.is_empty())
            return true;
        if (entry.has_flow)
            return filter.matches(entry.flow[0], entry.flow[1]);
        if (entry.is_ipv6)
            return filter.matches(entry.ipv6.source, entry.ipv6.destination, entry.tuple) ||
                   filter.matches(entry.ipv6.destination, entry.ipv6.source,
                                  entry.tuple.reversed());
        return entry.has_tuple &&
               (filter.matches(entry.tuple) || filter.matches(entry.tuple.reversed()));
    }
};

struct Watch {
    Watch(const Wish& wanted, unsigned threads)
        : wish(wanted),
          mask(wanted.filter.mask()),
          is_mask(wanted.wants_passing() && wanted.filter.is_mask()),
          rings(threads) {}

    /// The way of this flow's packets may concern it.
    bool wants(const flow::FlowRecord& record) const;

    const Wish wish;
    const net::TupleMask mask;      ///< Of its filter.
    const bool is_mask;             ///< There is nothing more to ask.
    std::vector<PacketRing> rings;  ///< By thread.
};

class Watches {
public:
    /// `threads` see packets, and are members of what `grace` belongs to, which outlives this.
    /// `zones` are those of the interfaces; of any beyond them it is 0. By `naming` IPv6 packets
    /// are known by what stands for their addresses inside.
    Watches(Grace& grace, unsigned threads, std::vector<uint16_t> zones = {},
            const nat64::Naming& naming = {})
        : grace_(grace), threads_(threads), zones_(std::move(zones)), naming_(naming) {}
    Watches(const Watches&) = delete;

    /// Watches that nobody is to look at any more. Who watches has the place of his in it, so that
    /// he can end without memory.
    using Closing = std::list<std::unique_ptr<Watch>>;

    /// Watches for as long as it lives.
    class Reader {
    public:
        Reader(Watches& watches, Closing own)
            : watches_(watches), own_(std::move(own)), watch_(*own_.front()) {}
        ~Reader() { watches_.close(own_); }
        Reader(const Reader&) = delete;

        /// Calls visit(entry) for what has been seen since the last call, in the order of time, up
        /// to kMostAtOnce entries of each thread. Returns how many there were.
        template <typename Visit>
        size_t read(Visit visit) {
            collect();
            for (const PacketEntry* entry : entries_)
                visit(*entry);
            for (PacketRing& ring : watch_.rings)
                ring.release();
            return entries_.size();
        }
        /// How many packets this reader was too slow for, since it began.
        uint64_t lost() const;

    private:
        static constexpr size_t kMostAtOnce = 256;
        void collect();

        Watches& watches_;
        Closing own_;
        Watch& watch_;
        std::vector<const PacketEntry*> entries_;
    };

    Result<std::unique_ptr<Reader>> open(const Wish& wish);

    /// Of what comes or goes by an interface, inside; a tap's.
    uint16_t zone_of(uint16_t interface) const {
        return interface < zones_.size() ? zones_[interface] : uint16_t { 0 };
    }
    const nat64::Naming& naming() const { return naming_; }
    /// Who watches in that place; a tap's.
    Watch* at(size_t place) const { return places_[place].load(std::memory_order_acquire); }

private:
    void close(Closing& own);
    void free_closed();

    Grace& grace_;
    unsigned threads_;
    std::vector<uint16_t> zones_;  // by interface
    nat64::Naming naming_;
    std::mutex mutex_;  // between readers
    Retired<Closing> closed_;
    alignas(64) std::array<std::atomic<Watch*>, kMostWatches> places_{};
};

}  // namespace sluice::observe
