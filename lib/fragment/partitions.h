// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Partitions: virtual reassembly with the datagrams of different senders kept apart, so that how a
/// sender's own fare does not tell him what became of another's.
///
/// Shape    Each partition is a Datagrams with its part of the limits, and what gives way is of the
///          same partition. Which one is a sender's, says a keyed hash; ICMP has its own, for
///          whoever pings the gateway in fragments sees which of them are remembered, and needs no
///          flow. There are as many partitions as have room for kLeastDatagrams and for the largest
///          datagram each, and kMostPartitions at most: with the default limits eight.
///          They are needed because what meets a flow stays longer than what is refused. Were there
///          one, somebody outside would fill it with datagrams of his own, and send first fragments
///          in a server's name to many ports: by one more of his own that gives way he would know
///          that there is a flow among them.
/// Threads  Owned by one worker.
/// Memory   As Datagrams has it, for all of them together.

#include "base/clock.h"
#include "fragment/datagrams.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

struct rte_mbuf;

namespace sluice::fragment {

inline constexpr uint32_t kMostPartitions = 64;
/// Room for 45 packets of the largest datagram, each in a buffer for 9000 bytes.
inline constexpr uint32_t kLeastPartitionBytes = 512U << 10;

class Partitions {
public:
    Partitions(const Limits& limits, Discards& discards);

    // As Datagrams has them; an Index names the partition as well.
    void set_timeout(Duration timeout) { timeout_ = timeout; }
    Arrival arrive(const Fragment& fragment, Tick now);
    bool knows(const Fragment& fragment) const;
    void open(Index datagram, const Way& way, Tick now) {
        of(datagram).open(place(datagram), way, now);
    }
    void hand_to(Index datagram, uint8_t worker, Tick now) {
        of(datagram).hand_to(place(datagram), worker, now);
    }
    void refuse(Index datagram, stats::Drop reason, Tick now) {
        of(datagram).refuse(place(datagram), reason, now);
    }
    rte_mbuf* take_kept(Index datagram) { return of(datagram).take_kept(place(datagram)); }
    void passed(Index datagram) { of(datagram).passed(place(datagram)); }
    Way& way(Index datagram) { return of(datagram).way(place(datagram)); }
    std::optional<uint8_t> worker(Index datagram) { return of(datagram).worker(place(datagram)); }
    void expire(Tick now);
    void clear(stats::Drop reason);
    uint32_t kept() const;
    uint64_t evicted() const;

    /// No datagram is known.
    bool is_empty() const { return used_ == 0; }
    /// How many partitions there are.
    uint32_t count() const { return static_cast<uint32_t>(partitions_.size()); }

private:
    static constexpr unsigned kPartitionShift = 24;

    uint32_t partition_of(const Fragment& fragment) const;
    Datagrams& of(Index datagram) { return partitions_[datagram >> kPartitionShift]; }
    static Index place(Index datagram) { return datagram & ((Index{1} << kPartitionShift) - 1); }

    std::vector<Datagrams> partitions_;
    uint32_t for_icmp_;  // of them, the first
    Duration timeout_;
    uint64_t used_ = 0;  // bit i: partition i may know some
};

}  // namespace sluice::fragment
