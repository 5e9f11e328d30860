// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Flow record: all that is known of one flow, in two cache lines.
///
/// Shape    First line: what every packet reads. Second: the tracker's own, or Holding, and what
///          is looked at when a flow opens or ends.
/// Threads  Tuples, owner, sides and rewrite are written before the record's first slot word is
///          published and never again until it is reused. `life` is swapped by anyone; everything
///          else only by the owner, and what others read of that (state, status, deadline) is a
///          relaxed atomic.
/// Memory   In one array beside the table; FlowTable hands out indexes.
/// Layout   kRecordLayout names it. docs/flow-table.md says what each field is worth to another
///          process.

#include "base/clock.h"
#include "base/enum.h"
#include "flow/flow_ref.h"
#include "flow/tally.h"
#include "net/checksum.h"
#include "net/side.h"
#include "net/tuple.h"

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <new>
#include <optional>

namespace sluice::flow {

/// The number of what follows: of the offset, the size and the values of every field. Whoever
/// changes one of them gives it the next (tests/unit/flow/flow_record_test.cc has them all).
inline constexpr uint32_t kRecordLayout = 6;

/// What a record stands for. Packets have the tuples of flows; those of other records carry their
/// kind, so that no packet finds them.
enum class Kind : uint8_t { Flow, Mapping, Contact, Block, Expectation };

/// Where a record is in its life. Whoever swaps Live to Dying, and nobody else, erases both keys.
enum class Life : uint8_t { Free, Opening, Live, Dying };

/// Generation and Life in one word, so that a swap meant for one use of a record fails on the next.
struct LifeWord {
    uint32_t bits = 0;

    constexpr Life life() const { return static_cast<Life>(bits & 3); }
    constexpr uint32_t generation() const { return bits >> 2; }
    constexpr LifeWord with(Life life) const {
        return {(bits & ~uint32_t{3}) | static_cast<uint32_t>(life)};
    }
    constexpr LifeWord next_generation() const { return {((bits >> 2) + 1) << 2}; }
    constexpr bool operator==(const LifeWord&) const = default;
};

/// What a translation adds to checksums, for packets of the original direction.
struct Rewrite {
    net::ChecksumDelta address;    ///< IPv4 header: addresses.
    net::ChecksumDelta transport;  ///< TCP, UDP: addresses and ports. ICMP: identifier.
};

/// The next hop of each direction, valid while `generation` is the routes' (link/next_hops.h).
struct Hops {
    std::array<uint16_t, 2> index{};
    uint32_t generation = 0;
};

/// The index of a record that is held on to, or none; of two the first says if there is a second.
class HolderLink {
public:
    /// What it says at one moment.
    struct Seen {
        uint32_t bits = 0;

        std::optional<uint32_t> index() const {
            const uint32_t place = bits & kIndex;
            return place == 0 ? std::nullopt : std::optional(place - 1);
        }
        bool has_second() const { return (bits & kSecond) != 0; }
    };

    // All orders are relaxed: links are set before the record is published, and what is held on to
    // does not end before it is let go.
    Seen see() const { return {bits_.load(std::memory_order_relaxed)}; }
    void set(uint32_t index) { bits_.store(index + 1, std::memory_order_relaxed); }
    /// There is a second beside this one.
    void add_second() { bits_.store(see().bits | kSecond, std::memory_order_relaxed); }
    Seen take() { return {bits_.exchange(0, std::memory_order_relaxed)}; }

private:
    static constexpr uint32_t kSecond = uint32_t{1} << 30;
    static constexpr uint32_t kIndex = kSecond - 1;

    std::atomic<uint32_t> bits_{0};
};

/// By which sides a flow's packets come and go; and, in the rest of the byte, which timeouts it has
/// of its own: a number of policy::Tunings, or 0.
class Course {
public:
    static constexpr unsigned kMostTuning = 63;

    // Implicit: where there is nothing else to say, the sides are all of it.
    constexpr Course(net::Sides sides = {}, uint8_t tuning = 0)
        : bits_(static_cast<uint8_t>(sides.bits() | tuning << net::Sides::kBits)) {}
    constexpr operator net::Sides() const { return net::Sides::of_bits(bits_); }

    constexpr net::Side enter(net::Direction direction) const {
        return net::Sides(*this).enter(direction);
    }
    constexpr net::Side leave(net::Direction direction) const {
        return net::Sides(*this).leave(direction);
    }
    constexpr uint8_t tuning() const { return bits_ >> net::Sides::kBits; }
    static constexpr Course of_bits(uint8_t bits) {
        Course course;
        course.bits_ = bits;
        return course;
    }

private:
    uint8_t bits_;
};

/// What a record that is no flow keeps in place of a tracker.
struct Holding {
    /// Records that hang on this one. While there are any, it does not end.
    std::atomic<uint32_t> dependents{0};
    /// Those of them that are flows which outside hosts opened. It decides no end, so it may be
    /// late.
    std::atomic<uint32_t> strangers{0};
    int64_t note = 0;  ///< The control core's own.
};

/// What a record says first of its flow, in one word.
struct Standing {
    uint8_t owner = 0;
    uint8_t state = 0;
    uint8_t status = 0;
    uint8_t sides = 0;

    constexpr uint32_t word() const { return std::bit_cast<uint32_t>(*this); }
};

struct alignas(64) FlowRecord {
    /// Indexed by net::Direction: the tuples by which packets of each direction arrive.
    std::array<net::Tuple, 2> tuple;
    std::atomic<LifeWord> life;
    std::atomic<Tick> deadline;
    uint8_t owner;                ///< Worker that opened the flow.
    std::atomic<uint8_t> state;   ///< conntrack::ProtocolState.
    std::atomic<uint8_t> status;  ///< conntrack::Status bits.
    Course sides;
    Rewrite rewrite;
    Hops hops;
    /// Indexed by net::Direction: counted, and not in the flow's account yet (flow/accounts.h).
    std::array<Tally, 2> tally;

    /// The protocol tracker's own (TCP windows); only the owner looks.
    alignas(64) std::array<std::byte, 52> tracker;
    Tick opened;               ///< When; UDP becomes a stream 2 s later.
    HolderLink holder;         ///< The record that this one hangs on, and does not outlive.
    HolderLink second_holder;  ///< Of a flow between two inside hosts; `holder` says if there is.

    const net::Tuple& key(net::Direction direction) const { return tuple[index(direction)]; }
    /// Owner, state, status and sides: Standing::word().
    uint32_t standing() const {
        using Word [[gnu::may_alias]] = uint32_t;
        // relaxed: to others than its owner nothing but that matters. To him the rest is his own,
        // but for who ends the flow, which may be late.
        return __atomic_load_n(reinterpret_cast<const Word*>(&owner), __ATOMIC_RELAXED);
    }
    Kind kind() const { return static_cast<Kind>(tuple[0].kind); }
    /// It lives at `now`, and packets of that direction have this tuple.
    bool meets(const net::Tuple& packet, net::Direction direction, Tick now) const {
        // relaxed: both may change at any time, so what they are now is as good as any. The tuples
        // are published by the slot's word, by which the record was reached.
        return key(direction) == packet &&
               life.load(std::memory_order_relaxed).life() == Life::Live &&
               deadline.load(std::memory_order_relaxed).is_after(now);
    }
    /// It begins, hangs on nothing yet, and has nothing of what used the record before.
    void begin(Tick now) {
        opened = now;
        for (Tally& way : tally)
            way.clear();
    }
    /// Hangs it on a record of that kind, beside one that it may hang on already.
    void hang_on(uint32_t index, Kind kind) {
        if (!holder.see().index()) {
            holder.set(index);
        } else {
            second_holder.set(index);
            holder.add_second();
        }
        if (kind != Kind::Block)
            look_into();
    }
    /// None of its packets may go by unseen: they keep alive one at least of what it hangs on, for
    /// which a block of ports needs none; or each is looked into. Who ends it leaves that as it is.
    bool is_looked_into() const { return tally[0].is_marked(); }
    void look_into() { tally[0].mark(); }  ///< For its owner alone, as look_away().
    /// Nobody looks into a flow that hangs on nothing, or on a block of ports.
    void look_away() { tally[0].unmark(); }
    /// Calls visit(index) for each record that this one hangs on.
    template <typename Visit>
    void for_each_holder(Visit visit) const {
        const HolderLink::Seen first = holder.see();
        if (const auto index = first.index())
            visit(*index);
        if (!first.has_second())
            return;
        if (const auto index = second_holder.see().index())
            visit(*index);
    }
    /// A flow that an outside host has opened.
    bool is_strangers() const {
        return kind() == Kind::Flow && sides.enter(net::Direction::Original) == net::Side::Outside;
    }
    /// Of a record that is no flow.
    Holding& holding() { return *std::launder(reinterpret_cast<Holding*>(tracker.data())); }
};

static_assert(
    offsetof(FlowRecord, owner) % sizeof(uint32_t) == 0 &&
    offsetof(FlowRecord, state) - offsetof(FlowRecord, owner) == offsetof(Standing, state) &&
    offsetof(FlowRecord, status) - offsetof(FlowRecord, owner) == offsetof(Standing, status) &&
    offsetof(FlowRecord, sides) - offsetof(FlowRecord, owner) == offsetof(Standing, sides));
static_assert(sizeof(Holding) <= sizeof(FlowRecord::tracker));
static_assert(sizeof(FlowRecord) == 128, "two cache lines");
static_assert(offsetof(FlowRecord, tracker) == 64, "what every packet reads fits the first line");
static_assert(std::atomic<LifeWord>::is_always_lock_free && std::atomic<Tick>::is_always_lock_free);

/// Who keeps an account of flows learns here that one has ended: once for each, from the thread
/// that ends it, be it a worker, the control core or an operator's. Lookups have stopped seeing the
/// flow, and its record is not reused yet.
class Ending {
public:
    virtual void ended(uint32_t index, FlowRecord& record) = 0;
    /// The flow will end soon: sends for what ended() touches.
    virtual void expect(uint32_t index) = 0;

protected:
    ~Ending() = default;
};

}  // namespace sluice::flow
