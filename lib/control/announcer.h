// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Announcer: tells the network of each interface, by gratuitous ARP, which MAC has the gateway's
/// addresses now.
///
/// Shape    Every address of its own and every pool address that lies in the subnet (others are
///          routed here, and nobody asks for them), twice, 2 s apart.
/// Threads  The control core's.
/// Cost     At most kAnnouncementsPerTurn frames a turn, so that a large pool fills no ring.
/// Source   RFC 5227 §2.3: an announcement is an ARP request with sender and target the same.

#include "base/clock.h"
#include "control/outbox.h"
#include "link/interfaces.h"
#include "net/prefix.h"

#include <vector>

namespace sluice::control {

inline constexpr unsigned kAnnouncementsPerTurn = 32;
inline constexpr unsigned kAnnouncementRounds = 2;
inline constexpr Duration kAnnouncementInterval = Duration::seconds(2);

class Announcer {
public:
    /// Both outlive this object.
    Announcer(const link::Interfaces& interfaces, Outbox& outbox)
        : interfaces_(interfaces), outbox_(outbox) {}

    void start(Tick now);
    void turn(Tick now);
    /// Announces one address at once.
    void announce(link::InterfaceId interface, Be32 address);

private:
    struct Run {
        link::InterfaceId interface;
        net::AddressRange range;
    };

    void add_runs(link::InterfaceId id, const net::Prefix& own);

    const link::Interfaces& interfaces_;
    Outbox& outbox_;
    std::vector<Run> runs_;
    unsigned rounds_ = 0;  // to go
    size_t run_ = 0;       // where the round has come to: the run, and the address in it
    uint32_t offset_ = 0;
    Tick due_;
};

}  // namespace sluice::control
