// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Waiting: packets that are ready but for the MAC of their next hop.
///
/// Shape    A short queue for each hop that is being asked for, and lists of those of each length.
/// Threads  The control core's.
/// Errors   Where a queue is full its oldest packet gives way: what came last is likeliest to be
///          wanted still. Where all places are taken the oldest of the longest queue does, of
///          several the one that has been so long the longest time: hops that do not answer keep
///          no place from another's first packet. NeighbourQueueFull is the reason.
/// Cost     A packet costs a look-up; where all places are taken a look at the lists as well.
/// Source   RFC 1122 §2.3.2.2: of the packets to one unresolved address the latest is saved.

#include "control/outbox.h"
#include "link/next_hops.h"
#include "stats/counters.h"

#include <array>
#include <list>
#include <unordered_map>
#include <vector>

namespace sluice::control {

/// The largest datagram has 45 fragments on Ethernet: its first packet to a neighbour is not lost.
inline constexpr size_t kMaxWaitingPerHop = 64;
/// In all: they are not the workers' to use meanwhile.
inline constexpr size_t kMaxWaiting = 1024;

class Waiting {
public:
    Waiting(Outbox& outbox, stats::Counters& counters) : outbox_(outbox), counters_(counters) {}

    /// Keeps a packet that `worker` punted; drops it where there is no memory for that.
    void add(link::HopIndex hop, rte_mbuf* mbuf, unsigned worker);
    /// Gives the hop's packets back to the workers that they came from.
    void release(link::HopIndex hop);
    void drop(link::HopIndex hop, stats::Drop reason);
    void drop_all(stats::Drop reason);

private:
    struct Item {
        rte_mbuf* mbuf;
        unsigned worker;
    };
    using Items = std::vector<Item>;
    using Hops = std::list<link::HopIndex>;
    struct Queue {
        Items items;
        Hops::iterator place{};  // in the list of its length
    };

    void append(link::HopIndex hop, const Item& item);
    void drop_oldest(link::HopIndex hop);
    link::HopIndex longest() const;
    Items take(link::HopIndex hop);
    void changed(size_t total);

    Outbox& outbox_;
    stats::Counters& counters_;
    size_t total_ = 0;
    std::unordered_map<link::HopIndex, Queue> queues_;
    std::array<Hops, kMaxWaitingPerHop + 1> by_length_;
};

}  // namespace sluice::control
