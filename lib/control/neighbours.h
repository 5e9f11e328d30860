// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Neighbours: finds the MACs of next hops by ARP.
///
/// Shape    A hop is asked for when a packet first needs it (its packets wait meanwhile), verified
///          every 30 s while it is used, refused for 3 s when it did not answer three times, and
///          forgotten when nothing has gone there for 10 minutes. Gateways are asked for ahead of
///          traffic and never forgotten, and those of several uplinks verified each second. What
///          the operator has said (`fixed`) stays as it is. ARP proves nothing. So nobody has a
///          place here to whom nothing is sent: who asks for the gateway is remembered elsewhere
///          (askers.h). A neighbour moves to another MAC only when its own has not answered three
///          questions, 1.5 s. Where places run short some are made free ahead of time, for a place
///          can be taken again only when no worker remembers it: least_wanted.h says whose. Hosts
///          that do not answer have a quarter of them at most.
/// Threads  The control core's. Workers read what it finds in link::NextHops.
/// Errors   What has no room to wait is dropped as NeighbourQueueFull, what has no place here as
///          NeighbourTableFull. What a hop that fails has kept waiting goes back to its worker,
///          which drops it and tells the sender.
/// Cost     A turn walks the hops at most ten times a second; each frame costs a few look-ups.
/// Source   RFC 826; RFC 1122 §2.3.2 (stale entries, one request a second); states and times after
///          the neighbour tables of Linux, arp(7), whose locktime and gc_thresh serve the same
///          ends.

#include "base/clock.h"
#include "control/askers.h"
#include "control/entries.h"
#include "control/outbox.h"
#include "control/own_addresses.h"
#include "control/pace.h"
#include "control/waiting.h"
#include "link/next_hops.h"
#include "link/routes.h"

#include <span>
#include <string>
#include <vector>

namespace sluice::control {

inline constexpr unsigned kArpTries = 3;
inline constexpr Duration kArpInterval = Duration::seconds(1);  ///< Between tries.
inline constexpr Duration kRefusal = Duration::seconds(3);      ///< After the last try.
inline constexpr Duration kVerifyInterval = Duration::seconds(30);
inline constexpr Duration kWatchInterval = Duration::seconds(1);  ///< Of uplinks' gateways.
inline constexpr Duration kKeepUnused = Duration::seconds(600);
inline constexpr Duration kKeepUnresolved = Duration::seconds(10);  ///< After the refusal.
inline constexpr Duration kNeighbourStep{100};                      ///< Between walks.
inline constexpr Duration kHolderInterval{500};                     ///< Between its questions.
inline constexpr Duration kLockTime =
    Duration::seconds(1);  ///< After its answer it is not asked again.
inline constexpr Duration kSayInterval = Duration::seconds(10);  ///< Between conflicts told.

/// A neighbour that the operator names.
struct FixedNeighbour {
    link::Toward toward;
    net::MacAddress mac{};
};

struct NeighbourParams {
    std::vector<link::Toward> gateways;   ///< Next hops that routes name.
    std::vector<link::Toward> watched{};  ///< Of these: their silence is to be noticed soon.
    std::vector<FixedNeighbour> fixed{};
    OwnAddressParams own{};
};

class Neighbours {
public:
    /// All but `params` outlive this object.
    Neighbours(NeighbourParams params, const link::Interfaces& interfaces, link::NextHops& hops,
               Outbox& outbox, stats::Counters& counters);

    /// Asks for the gateways and announces the own addresses, when these are claimed.
    /// With `takes_over` they are the gateway's at once, and everybody is told so; also again.
    void start(Tick now, bool takes_over = false);
    /// The routes name these by now; what they no longer name is a neighbour like any other.
    void use_gateways(std::vector<link::Toward> gateways, std::vector<link::Toward> watched,
                      Tick now);
    /// Another configuration holds.
    void announce_by(const policy::Announcing& announcing, Tick now);
    /// A link has come back: others may have forgotten, and what did not answer may do so now.
    void link_came(Tick now);
    /// An ARP frame that `worker` punted.
    void take_arp(rte_mbuf* mbuf, unsigned worker, Tick now);
    /// A packet that `worker` punted because its next hop is not resolved.
    void take_unresolved(rte_mbuf* mbuf, unsigned worker, Tick now);
    /// A packet whose sender has not shown that he has its source: he is asked, it is dropped.
    void take_stranger(rte_mbuf* mbuf, Tick now);
    /// The address is to be another host's: forgets its MAC, if it is verified no more.
    void let_go(link::InterfaceId interface, Be32 address, Tick now) {
        entries_.let_go(hops_.find(interface, address), kVerifyInterval, now);
    }
    void turn(Tick now);
    /// The own addresses are the gateway's.
    bool has_claimed() const { return own_.are_claimed(); }
    /// Drops what waits, for that reason.
    void stop(stats::Drop reason);

private:
    void pin(Tick now);
    void begin(Tick now);
    void pin_gateways(Tick now);
    void learn(const net::Arp& arp, link::InterfaceId interface, Tick now);
    void hear(link::HopIndex hop, const net::Arp& arp, Tick now);
    void contest(link::HopIndex hop, const net::Arp& arp, Tick now);
    void tell_conflict(const net::Arp& claim, const net::MacAddress& holder, Tick now);
    link::HopIndex admit(link::InterfaceId interface, Be32 address, Tick now);
    void enter(link::HopIndex hop, const net::MacAddress& mac, Tick now);

    void advance(link::HopIndex hop, Tick now);
    void ask(link::HopIndex hop, Tick now);
    void ask_again(link::HopIndex hop, Tick now);
    void ask_holder(link::HopIndex hop, Tick now);
    void verify(link::HopIndex hop, Tick now);
    void fail(link::HopIndex hop, Tick now);
    void end_refusal(link::HopIndex hop, Tick now);
    void leave_idle(link::HopIndex hop, Tick now);
    void make_room(Tick now);
    void request(link::HopIndex hop, const net::MacAddress& destination);
    void notice(const std::string& sentence) const;

    NeighbourParams params_;
    const link::Interfaces& interfaces_;
    link::NextHops& hops_;
    Outbox& outbox_;
    stats::Counters& counters_;
    OwnAddresses own_;
    Waiting waiting_;
    Askers askers_;
    Entries entries_;
    Tick next_walk_;
    Tick next_removal_;
    Pace saying_{kSayInterval};
};

}  // namespace sluice::control
