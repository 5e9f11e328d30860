// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Datagrams: virtual reassembly. Fragments pass one by one, translated as their datagram's first.
///
/// Shape    One small entry for each datagram whose fragments are coming. The first fragment alone
///          carries ports: it leads. Whoever holds it finds its flow and then decides about the
///          datagram: it goes a way, goes to another worker, or is refused. The others follow;
///          those that come before the decision are kept, in the order of their offsets. An entry
///          ends when all of its datagram has passed, by its deadline, or when it gives way.
/// Threads  Owned by one worker.
/// Memory   All at construction: entries for Limits::datagrams, places for Limits::bytes.
/// Errors   What is kept and cannot go on is given to Discards with a reason. Nothing is lost else.
/// Bounds   A new datagram takes the place of the one that has waited longest: first of those that
///          are refused, then of those whose first fragment has not come, then of those under way.
///          So a flood of fragments that lead nowhere costs none that does its entry. Memory is
///          counted as the packets take it up, not as they fill it. What gives way tells who sees
///          it what became of the others: fragment/partitions.h keeps senders apart.
/// Source   RFC 791 §3.2, RFC 1858; RFC 4787 REQ-14; ipfrag_time of Linux.

#include "base/clock.h"
#include "flow/flow_record.h"
#include "fragment/pieces.h"
#include "link/path.h"
#include "net/checksum.h"
#include "net/side.h"
#include "net/tuple.h"
#include "stats/drop.h"

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

struct rte_mbuf;

namespace sluice::fragment {

struct Limits {
    uint32_t datagrams = 4096;  ///< At least kLeastDatagrams.
    uint32_t bytes = 4U << 20;  ///< Of packets that are kept.
    Duration timeout = Duration::seconds(30);
};

/// More than a burst has packets, so that what a burst has begun need not give way to its rest.
inline constexpr uint32_t kLeastDatagrams = 64;

/// What a packet that is kept takes up at least.
inline constexpr uint32_t kLeastPacketBytes = 2048;

/// How a datagram's fragments leave.
struct Way {
    Be32 source{};
    Be32 destination{};
    net::ChecksumDelta address{};        ///< What that adds to the header's checksum.
    link::Path path{};                   ///< By which they leave.
    net::Side from = net::Side::Inside;  ///< Whoever sends them, as their flow has it,
    net::Side to = net::Side::Inside;    ///< and whom they are for.
    flow::FlowRef flow{};                ///< That counts them; none of an answer.
    flow::LifeWord life{};               ///< Of its record, as it was for the first.
    bool is_answer = false;              ///< Not on, but back: a ping to the gateway in pieces.
    bool is_handed_on = false;  ///< To the gateway of the cluster that has the public address.
};

/// What tells datagrams apart, as a tuple: the identification stands in for the source port, the
/// side that they come from for the kind.
net::Tuple key_of(const net::Packet& packet, net::Side from, uint16_t zone);

struct Fragment {
    net::Tuple key;
    uint32_t hash = 0;  ///< Of the key; nobody outside can aim at it.
    Piece piece;
    bool needs_total = false;  ///< If it leads, then not before the datagram's length is known.
    rte_mbuf* packet = nullptr;
    uint32_t memory = 0;  ///< Bytes that the packet takes up.
    uint32_t sender = 0;  ///< A hash of its source, likewise.
};

enum class Fate : uint8_t {
    Leads,    ///< `packet` goes first: find its flow, then decide about the datagram.
    Follows,  ///< Goes the datagram's way.
    Kept,
    Dropped,  ///< Is to be dropped, for `reason`.
};

using Index = uint32_t;

struct Arrival {
    Fate fate = Fate::Dropped;
    stats::Drop reason{};
    Index datagram = 0;
    rte_mbuf* packet = nullptr;  ///< That leads; not always the one that came.
    std::optional<uint16_t> total =
        std::nullopt;  ///< Of the datagram that it leads, behind the IP header.
};

/// Takes packets that were kept and go no further.
class Discards {
public:
    virtual void discard(rte_mbuf* packet, stats::Drop reason) = 0;

protected:
    ~Discards() = default;
};

class Datagrams {
public:
    Datagrams(const Limits& limits, Discards& discards);

    /// Of datagrams that begin from now on, in place of Limits::timeout. Those before them keep
    /// theirs, and where it was longer, one that has begun since may wait as long.
    void set_timeout(Duration timeout) { limits_.timeout = timeout; }

    Arrival arrive(const Fragment& fragment, Tick now);
    /// Others of its datagram have come.
    bool knows(const Fragment& fragment) const { return find(fragment) != kNone; }

    // About a datagram whose first fragment leads: exactly one of these, before any other turn.
    // Until then it does not give way, and what is known of it stays.
    void open(Index datagram, const Way& way, Tick now);
    void hand_to(Index datagram, uint8_t worker, Tick now);
    void refuse(Index datagram, stats::Drop reason, Tick now);

    /// The next fragment that was kept, or null. After open() and hand_to(), until there is none.
    rte_mbuf* take_kept(Index datagram);
    /// A fragment, or what was kept, has gone the datagram's way: forgets it if that was all of it.
    void passed(Index datagram);

    Way& way(Index datagram) { return entries_[datagram].way; }
    /// The worker that its fragments are handed to; nothing: they leave from here.
    std::optional<uint8_t> worker(Index datagram) const { return entries_[datagram].worker; }

    /// Drops what has waited too long. Cheap when nothing has: call it once a turn.
    void expire(Tick now);
    /// Forgets all.
    void clear(stats::Drop reason);

    uint32_t size() const { return size_; }        ///< Datagrams known.
    uint32_t kept() const { return kept_; }        ///< Packets kept.
    uint64_t evicted() const { return evicted_; }  ///< Datagrams that gave way, since the start.

private:
    static constexpr uint32_t kNone = ~uint32_t{0};

    /// The first three are kept in lists, each in the order of deadlines, and give way in this
    /// order.
    enum class State : uint8_t { Refused, Waiting, Open, Led, Free };
    static constexpr size_t kLists = 3;

    struct Entry {
        net::Tuple key;
        uint32_t hash = 0;
        uint32_t next_of_bucket = kNone;  // or of the free entries
        uint32_t previous = kNone;        // in its state's list
        uint32_t next = kNone;
        uint32_t kept = kNone;  // first of its places
        Tick deadline;
        State state = State::Free;
        bool lead_waits = false;  // the first place is the first fragment's
        bool is_spoiled = false;  // all that still comes of it is dropped, for `reason`
        stats::Drop reason{};
        std::optional<uint8_t> worker;
        Way way;
        Pieces pieces;
    };

    /// A packet that is kept.
    struct Place {
        rte_mbuf* packet = nullptr;
        uint32_t memory = 0;
        uint32_t next = kNone;
        uint16_t offset = 0;
    };

    struct List {
        uint32_t first = kNone;
        uint32_t last = kNone;
    };

    Index find(const Fragment& fragment) const;
    Index begin(const Fragment& fragment, Tick now);
    Arrival join(Index datagram, const Fragment& fragment, Tick now);
    Arrival lead(Index datagram, rte_mbuf* packet, Tick now);
    bool keep(Index datagram, const Fragment& fragment);
    bool make_room(Index datagram, uint32_t memory);
    bool evict_oldest();
    void evict(Index datagram);
    Arrival spoil(Index datagram, stats::Drop reason, Tick now);
    void finish_lead(Index datagram, Tick now);
    void discard_kept(Index datagram, stats::Drop reason);
    void forget(Index datagram);
    void move_to(Index datagram, State state, Tick now);
    void append(Index datagram);
    void unlink(Index datagram);
    uint32_t& bucket(uint32_t hash) { return buckets_[hash & (buckets_.size() - 1)]; }

    Limits limits_;
    Discards& discards_;
    std::vector<Entry> entries_;
    std::vector<Place> places_;
    std::vector<uint32_t> buckets_;
    std::array<List, kLists> lists_;
    uint32_t free_entry_ = kNone;
    uint32_t free_place_ = kNone;
    uint32_t size_ = 0;
    uint32_t kept_ = 0;
    uint64_t memory_ = 0;  // of what is kept
    uint64_t evicted_ = 0;
};

}  // namespace sluice::fragment
