// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Announcer: tells the network of each interface, by gratuitous ARP, which MAC has the gateway's
/// addresses now.
///
/// Shape    Every address of its own, and then every pool address that lies in the subnet (others
///          are routed here, and nobody asks for them): twice, 2 s apart, and from then on once an
///          interval. A switch that forwards nothing yet (spanning tree, 30 s) loses the first
///          ones, and routers keep what they know for hours.
///          Who takes over from another gateway is in haste: in the first round 32 addresses go at
///          once, those of its own first; in the first 10 ms a batch each millisecond.
/// Threads  The control core's.
/// Cost     Else a frame every 5 ms at most, however large the pool: switches and routers police
///          ARP.
/// Source   RFC 5227 §2.3: an announcement is an ARP request with sender and target the same.

#include "base/clock.h"
#include "control/outbox.h"
#include "link/interfaces.h"
#include "net/prefix.h"
#include "policy/announcing.h"
#include "pool/holdings.h"

#include <span>
#include <vector>

namespace sluice::control {

inline constexpr Duration kAnnouncementPace{5};
inline constexpr unsigned kAnnouncementRounds = 2;
inline constexpr Duration kBetweenRounds = Duration::seconds(2);
/// In haste: how many go at once, and how many are not spaced by kAnnouncementPace.
inline constexpr unsigned kHastyBatch = 32;
inline constexpr unsigned kHastyAddresses = 320;
inline constexpr Duration kHastyPace{1};

class Announcer {
public:
    /// An interval of 0: there are no further rounds. All others outlive this object; of
    /// `holdings`, what others of the cluster have is left out.
    Announcer(const link::Interfaces& interfaces, Outbox& outbox, Duration interval,
              const pool::Holdings* holdings = nullptr)
        : interfaces_(interfaces), outbox_(outbox), interval_(interval), holdings_(holdings) {}

    /// Announces from the front, own addresses and these: at the start, where these are others, and
    /// where other hosts may have lost what they knew.
    void start(std::span<const policy::Answered> answered, Tick now);
    /// The same, in haste: another host has answered for them until now.
    void take_over(std::span<const policy::Answered> answered, Tick now);
    /// Announces nothing until it is started again.
    void stop() {
        runs_.clear();
        is_finished_ = true;
    }
    /// From now on.
    void repeat_every(Duration interval, Tick now);
    void turn(Tick now);
    /// Announces one address at once.
    void announce(link::InterfaceId interface, Be32 address);

private:
    struct Run {
        link::InterfaceId interface;
        net::AddressRange range;
    };

    void add_runs(const policy::Answered& answered, const net::Prefix& own);
    void announce_next();
    bool may_use(Be32 address) const;
    void end_round(Tick now);

    const link::Interfaces& interfaces_;
    Outbox& outbox_;
    Duration interval_;
    const pool::Holdings* holdings_;  // null without a cluster
    std::vector<Run> runs_;
    unsigned rounds_ = 0;  // to go before the interval counts
    size_t run_ = 0;       // where the round has come to: the run, and the address in it
    uint32_t offset_ = 0;
    Tick due_;                 // of the next frame
    bool is_finished_ = true;  // nothing will be due
    bool is_hasty_ = false;    // in this round
    unsigned in_haste_ = 0;    // addresses of it that have gone
};

}  // namespace sluice::control
