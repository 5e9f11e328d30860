// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Tap: one thread's view of its packets, for whoever watches (watches.h).
///
/// Shape    look() once a turn says whether anybody watches; without one nothing else of this is
///          called. A worker puts the burst that it has in hand before the tap, and tells of each
///          packet: what its flow was and became, that it is about to be rewritten, that it was
///          dropped, and that it leaves. The entry of a packet that came in is begun with its frame
///          before that is rewritten, and finished by whatever comes last; a packet that is dropped
///          before is told then. At the end of the turn all is published.
///          Packets that go their way and concern nobody, by their flow, are passed over: nothing
///          more is called of them but sees(), and leave() and drop() tell nothing.
/// Threads  Owned by one thread, a member of the flow table.
/// Memory   64 heads of 256 bytes: no rewrite touches what lies behind them.
/// Cost     Where nobody watches: look(), two loads a turn. Else `sluice-bench forward` has it.

#include "base/clock.h"
#include "flow/flow_table.h"
#include "net/side.h"
#include "observe/packet_entry.h"
#include "observe/watches.h"
#include "stats/drop.h"

#include <array>
#include <cstdint>
#include <span>

struct rte_mbuf;

namespace sluice::observe {

inline constexpr unsigned kMostInHand = 64;

/// The packets that a worker carries, as its arrays.
struct InHand {
    const rte_mbuf* const* mbuf = nullptr;
    const uint16_t* from = nullptr;  ///< Interfaces.
    const net::Side* side = nullptr;
    const flow::FlowRef* flow = nullptr;
    unsigned count = 0;
    bool handed_over = false;
};

class Tap {
public:
    /// Both outlive this object.
    Tap(const Watches& watches, const flow::FlowTable& table, uint8_t thread)
        : watches_(watches), table_(table), thread_(thread) {}
    Tap(const Tap&) = delete;

    /// At the beginning of a turn. True when somebody watches.
    bool look(Tick now);
    bool is_on() const { return count_ != 0; }
    /// At its end: readers see what was told.
    void publish();

    /// The packets in hand from now on, all of which are as they came.
    void take_up(const InHand& in_hand);
    /// From now on packets are in hand one by one, and as they are to leave.
    void take_up_translated();

    /// A packet of this flow may concern somebody if it goes its way. Each packet is asked about,
    /// and nearly always the mask tells.
    [[gnu::always_inline]] bool wants(const flow::FlowRecord& record) const {
        for (size_t w = 0; w < count_; ++w)
            if (watching_[w]->mask.meets(record.key(net::Direction::Original)) &&
                watching_[w]->wants(record))
                return true;
        return false;
    }
    /// Of the packets in hand these, and no others, concern nobody if they go their way, and then
    /// they are untold.
    void pass_over(uint64_t packets) { passed_over_ = packets; }

    /// Packet i's turn to be tracked has come, with this flow or none.
    void begin_tracking(unsigned i, flow::FlowRef flow);
    void end_tracking(unsigned i, bool is_new);
    /// These of the packets in hand will be rewritten now.
    void rewrite(uint64_t packets);
    /// Packet i is a ping that becomes its answer.
    void answer(unsigned i);
    /// Packet i may be told as it is now, when it is so no longer: by rewrite(), answer(), drop().
    void keep(unsigned i);
    /// Packet i, which was kept, has become IPv4 and is packet `to` of what is taken up next: there
    /// it is told as it came.
    void carry(unsigned i, unsigned to);
    /// It is to be dropped soon, and is told of then.
    void put_off(const rte_mbuf* mbuf);
    /// A later fragment, not in hand, will be rewritten now and sent on.
    void follow(const rte_mbuf* mbuf, uint16_t from);

    /// `to` is of use for what is in hand no longer: the interface by which it was to leave.
    void drop(const rte_mbuf* mbuf, stats::Drop reason, uint16_t to = kNowhere);
    /// The control core takes it: ARP, or for the kernel; or what waits for this next hop.
    void hand_up(const rte_mbuf* mbuf);
    void wait(const rte_mbuf* mbuf, uint16_t to, Be32 next_hop);
    /// Of these, which a port is about to take, one at least concerns somebody, or may.
    bool sees(std::span<rte_mbuf* const> packets);
    /// The port is about to take these, by those interfaces, of which it then has taken the first
    /// `sent`.
    void leave(std::span<rte_mbuf* const> packets, std::span<const uint16_t> to);
    void left(size_t sent);

private:
    static constexpr unsigned kNotInHand = kMostInHand;
    static constexpr size_t kHeadBytes = 256;

    /// The beginning of a frame.
    struct Head {
        std::array<uint8_t, kHeadBytes> bytes;
        uint32_t size = 0;
        uint32_t length = 0;  // of the frame
        uint32_t shrunk = 0;  // by so many bytes, at the beginning

        std::span<const uint8_t> frame() const { return std::span(bytes).first(size); }
        void copy(const rte_mbuf* mbuf);
        void compare(const rte_mbuf* become);
    };
    using Entries = std::array<PacketEntry*, kMostInHand>;

    unsigned find(const rte_mbuf* mbuf);
    flow::FlowRef flow_of(unsigned i) const;
    PacketEntry describe(const rte_mbuf* mbuf, unsigned i, Way way, uint16_t by = kNowhere);
    void describe_flow(PacketEntry& entry, flow::FlowRef flow) const;
    void describe_ends(PacketEntry& entry, std::span<const uint8_t> frame, uint16_t by,
                       bool is_ipv4_within) const;
    void rewrite(unsigned i);
    PacketEntry* write(size_t watch, PacketEntry told, const rte_mbuf* mbuf, const Head* head);
    PacketEntry* tell_leaving(size_t watch, const rte_mbuf* mbuf, unsigned i, uint16_t to);
    bool is(uint64_t packets, unsigned i) const { return i < kMostInHand && packets >> i & 1; }

    const Watches& watches_;
    const flow::FlowTable& table_;
    uint8_t thread_;
    std::array<Watch*, kMostWatches> watching_{};  // the first count_
    size_t count_ = 0;
    Tick now_;
    int64_t time_ = 0;  // 0: not read for what is in hand

    InHand in_hand_;
    bool are_translated_ = false;
    unsigned hint_ = 0;         // where find() begins
    uint64_t known_ = 0;        // Bit i: its flow, or that it has none, is known.
    uint64_t tracked_ = 0;      // Bit i: likewise the state that it has left its flow in.
    uint64_t fresh_ = 0;        // Bit i: it has opened its flow.
    uint64_t passed_over_ = 0;  // Bit i: it concerns nobody.
    uint64_t kept_ = 0;         // Bit i: its head is kept, as it came.
    uint64_t entered_ = 0;      // Bit i: likewise, and it came as IPv6, which it is no longer.
    uint64_t carried_ = 0;      // What entered_ is to be of what is taken up next.
    uint64_t rewritten_ = 0;    // Bit i: it is no longer as it came; its head is kept if wanted.
    std::array<uint8_t, kMostInHand> state_before_{};
    std::array<uint8_t, kMostInHand> state_after_{};
    std::array<Head, kMostInHand> head_;
    std::array<Entries, kMostWatches> begun_{};    // of packets that came in
    std::array<Entries, kMostWatches> leaving_{};  // of those the port is about to take
    size_t leaving_count_ = 0;
};

}  // namespace sluice::observe
