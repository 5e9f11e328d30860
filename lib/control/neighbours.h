// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Neighbours: ARP in both roles. Answers for the gateway's addresses, finds the MACs of next hops.
///
/// Shape    A hop is asked for when a packet first needs it (its packets wait meanwhile), verified
///          every 30 s while it is used, refused for 3 s when it did not answer three times, and
///          forgotten when nothing has gone there for 10 minutes. Gateways are asked for ahead of
///          traffic and never forgotten.
/// Threads  The control core's. Workers read what it finds in link::NextHops.
/// Errors   What has no room to wait is dropped as NeighbourQueueFull. What a hop that fails has
///          kept waiting goes back to its worker, which drops it and tells the sender.
/// Cost     A turn walks the hops at most ten times a second; each frame costs two lookups.
/// Source   RFC 826; RFC 1122 §2.3.2 (stale entries, one request a second); RFC 5227 §2.4 (address
///          conflicts); states and times after the neighbour tables of Linux, arp(7).

#include "base/clock.h"
#include "control/announcer.h"
#include "control/claim.h"
#include "control/outbox.h"
#include "control/waiting.h"
#include "link/next_hops.h"
#include "link/routes.h"

#include <functional>
#include <span>
#include <string>
#include <vector>

namespace sluice::control {

inline constexpr unsigned kArpTries = 3;
inline constexpr Duration kArpInterval = Duration::seconds(1);  ///< Between tries.
inline constexpr Duration kRefusal = Duration::seconds(3);      ///< After the last try.
inline constexpr Duration kVerifyInterval = Duration::seconds(30);
inline constexpr Duration kKeepUnused = Duration::seconds(600);
inline constexpr Duration kKeepUnresolved = Duration::seconds(10);  ///< After the refusal.
inline constexpr Duration kNeighbourStep{100};                      ///< Between walks.
inline constexpr Duration kDefendInterval = Duration::seconds(10);  ///< RFC 5227 §1.1.

/// Takes one sentence for the operator's log.
using Notice = std::function<void(const std::string&)>;

struct NeighbourParams {
    std::vector<link::Toward> gateways;  ///< Next hops that routes name.
    Notice notice;
    bool probes = false;  ///< The own addresses are claimed when nobody else has them: --claim.
    Duration announce_interval = {};  ///< 0: the own addresses are announced at the start alone.
    /// Answered for outside as well: addresses that came after the start.
    std::function<bool(Be32)> is_public = [](Be32) { return false; };
};

class Neighbours {
public:
    /// All but `params` outlive this object.
    Neighbours(NeighbourParams params, const link::Interfaces& interfaces, link::NextHops& hops,
               Outbox& outbox, stats::Counters& counters);

    /// Asks for the gateways and announces the own addresses, when these are claimed.
    void start(Tick now);
    /// The routes name these by now; what they no longer name is a neighbour like any other.
    void use_gateways(std::vector<link::Toward> gateways, Tick now);
    /// A link has come back: others may have forgotten, and what did not answer may do so now.
    void link_came(Tick now);
    /// An ARP frame that `worker` punted.
    void take_arp(rte_mbuf* mbuf, unsigned worker, Tick now);
    /// A packet that `worker` punted because its next hop is not resolved.
    void take_unresolved(rte_mbuf* mbuf, unsigned worker, Tick now);
    void turn(Tick now);
    /// Drops what waits.
    void stop();

private:
    enum class Stage : uint8_t {
        Unknown,  ///< Not in use.
        Idle,     ///< Without a MAC, and nobody asks.
        Asking,   ///< Without a MAC; packets wait.
        Reachable,
        Verifying,  ///< With a MAC, asked whether it is still there.
        Failed,     ///< Refused for a while.
    };

    struct Entry {
        Stage stage = Stage::Unknown;
        bool is_gateway = false;
        bool is_silent = false;  ///< Of a gateway: the operator knows that it does not answer.
        uint8_t tries = 0;
        Tick due;  ///< When to look at it next.
        Tick last_used;
    };

    void begin(Tick now);
    void ask_for_gateways(Tick now);
    bool is_own(Be32 address, link::InterfaceId interface) const;
    void answer(const net::Arp& request, link::InterfaceId interface, unsigned worker);
    void learn(const net::Arp& arp, link::InterfaceId interface, Tick now);
    void defend(const net::Arp& arp, link::InterfaceId interface, Tick now);
    void enter(link::HopIndex hop, const net::MacAddress& mac, Tick now);

    void advance(link::HopIndex hop, Tick now);
    void ask(link::HopIndex hop, Tick now);
    void ask_again(link::HopIndex hop, Tick now);
    void verify(link::HopIndex hop, Tick now);
    void fail(link::HopIndex hop, Tick now);
    void end_refusal(link::HopIndex hop, Tick now);
    void forget(link::HopIndex hop, Tick now);
    void request(link::HopIndex hop, const net::MacAddress& destination);
    void notice(const std::string& sentence) const;

    NeighbourParams params_;
    const link::Interfaces& interfaces_;
    link::NextHops& hops_;
    Outbox& outbox_;
    stats::Counters& counters_;
    Waiting waiting_;
    Claim claim_;
    Announcer announcer_;
    std::vector<Entry> entries_;  // by hop index
    Tick next_walk_;
    Tick next_removal_;
    Tick next_defence_;
    bool has_defended_ = false;  // since next_defence_ last passed
};

}  // namespace sluice::control
