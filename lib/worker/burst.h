// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Burst: the packets a worker carries through its pipeline, as parallel arrays.
///
/// Shape    Up to 64 packets. Element i of every array belongs to packet i.
/// Rule     A packet is live until it is dropped, consumed, handed over, punted or sent. A stage
///          visits live packets only, and each of them leaves exactly once.

#include "base/bits.h"
#include "conntrack/tracker.h"
#include "flow/flow_table.h"
#include "fragment/datagrams.h"
#include "link/egress.h"
#include "nat/decision.h"
#include "net/packet.h"
#include "net/side.h"
#include "net/tuple.h"
#include "policy/rule_set.h"
#include "worker/admission.h"
#include "worker/segment.h"

#include <array>
#include <cstdint>

struct rte_mbuf;

namespace sluice::worker {

inline constexpr unsigned kBurstSize = link::kBatchSize;
static_assert(kBurstSize <= flow::kMaxBulk);

/// Hashes of which it knows for sure that they are none of those that were added.
class AddedHashes {
public:
    void clear() { words_.fill(0), is_empty_ = true; }
    void add(uint64_t hash) { words_[word_of(hash)] |= bit_of(hash), is_empty_ = false; }
    bool is_empty() const { return is_empty_; }
    bool may_have(uint64_t hash) const { return (words_[word_of(hash)] & bit_of(hash)) != 0; }

private:
    static size_t word_of(uint64_t hash) { return hash >> 6 & 15; }
    static uint64_t bit_of(uint64_t hash) { return uint64_t{1} << (hash & 63); }

    std::array<uint64_t, 16> words_{};
    bool is_empty_ = true;
};

struct Burst {
    unsigned count = 0;        ///< Packets received.
    link::PortIndex port = 0;  ///< That they came by, if no worker has handed them over.
    bool handed_over = false;  ///< Another worker received them, and has verified their checksums.

    uint64_t live = 0;  ///< Bit i: packet i is in the pipeline.
    /// Bit i: its tag has been taken off, and from[i] says where it came; so from the start where
    /// it was made IPv4.
    uint64_t placed = 0;
    uint64_t errors = 0;    ///< Bit i: an ICMP error about a flow. Written by parse.
    uint64_t misses = 0;    ///< Bit i: of no flow, as it arrived. Written by lookup.
    uint64_t admitted = 0;  ///< Bit i: may pass by its addresses. Written by admit.
    uint64_t seen = 0;      ///< Bit i: by_address[i] is known. Written by reassemble.
    uint64_t outward = 0;   ///< Bit i: admitted from inside to the world. Written by admit.
    uint64_t within = 0;    ///< Bit i: admitted from inside to inside. Written by admit.
    uint64_t ruled = 0;     ///< Bit i: rule[i] has been searched. Written by expect, admit.
    uint64_t foreseen = 0;  ///< Bit i: ahead[i] says what its flow will be. Written by expect.
    uint64_t fresh = 0;     ///< Bit i: it has opened its flow, and so is tracked already.
    uint64_t at_owner = 0;  ///< Bit i: came to its flow's owner, and goes to no other. By receive.
    uint64_t plain = 0;     ///< Bit i: net::parse() has nothing to object. By forward_plain.
    uint64_t tcp = 0;       ///< Bit i: of `plain`, TCP. By forward_plain.
    uint64_t part = 0;      ///< The bits of those packets that go through the stages now.
    uint64_t passed = 0;    ///< Bit i: gone the fast path, and sent behind those before it.
    unsigned guessed = 0;   ///< Packets from the first on that have guesses. By forward_plain.

    /// FlowTable::hasher() of both keys of the flows that its packets have opened. By track.
    AddedHashes opened;

    // Rare kinds, which leave the straight way: worker/fragments.h.
    uint64_t fragments = 0;  ///< Bit i: part of a datagram. Written by parse.
    uint64_t leads = 0;      ///< Bit i: the rest of its datagram waits for what becomes of it.
    uint64_t uncounted = 0;  ///< Bit i: no account has it, nor what follows it. Written by track.
    uint64_t too_big = 0;    ///< Bit i: to be cut for the outgoing MTU. Written by check.
    uint64_t routed = 0;     ///< Bit i: path[i] has been searched. Written by FlowPaths.

    // Written by the stage named on the right, read by the stages after it.
    std::array<rte_mbuf*, kBurstSize> mbuf;            // receive
    std::array<link::InterfaceId, kBurstSize> from;    // receive; find_interface, of tagged ones
    std::array<net::Side, kBurstSize> side;            // forward_plain, parse: of the NAT
    std::array<net::Packet, kBurstSize> packet;        // parse
    std::array<net::Tuple, kBurstSize> tuple;          // parse; forward_plain, of those guessed
    flow::Probes guesses;                              // forward_plain
    std::array<link::InterfaceId, kBurstSize> to;      // forward_plain, of those in `passed`
    std::array<flow::FlowRef, kBurstSize> flow;        // lookup, open
    std::array<const policy::Rule*, kBurstSize> rule;  // expect, admit; of those in `ruled`
    std::array<nat::Ahead, kBurstSize> ahead;          // expect, of those in `foreseen`
    std::array<fragment::Index, kBurstSize> datagram;  // reassemble, of those in `leads`
    std::array<Admitted, kBurstSize> by_address;       // reassemble, of those in `seen`
    std::array<link::Path, kBurstSize> path;           // track, check, resolve; in `routed`

    SetBits live_packets() const { return {live}; }
    /// What the trackers look at in packet i.
    conntrack::Segment segment(unsigned i) const { return segment_of(packet[i], tuple[i]); }
    /// Where packet i's flow stands has been looked for already.
    bool is_guessed(unsigned i) const {
        const bool has_ports =
            tuple[i].protocol == net::Protocol::Tcp || tuple[i].protocol == net::Protocol::Udp;
        return i < guessed && has_ports && (errors >> i & 1) == 0;  // an error's is its quote's
    }
    bool is_fragment(unsigned i) const { return fragments >> i & 1; }
    bool is_at_owner(unsigned i) const { return at_owner >> i & 1; }
    void end(unsigned i) { live &= ~(uint64_t{1} << i); }
    /// Takes packet i out of the burst.
    rte_mbuf* take(unsigned i) {
        end(i);
        return mbuf[i];
    }
};

}  // namespace sluice::worker
