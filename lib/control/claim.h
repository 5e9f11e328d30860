// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Claim: asks, before the gateway takes its own addresses, whether another host has one of them.
///
/// Shape    Three probes for each own address, a second apart, and two seconds of listening. Where
///          somebody answers, or probes for the same, nothing is claimed; it is tried again after
///          ten seconds, until the address is free.
/// Threads  The control core's.
/// Cost     kProbesAtOnce frames every kBetweenProbes, however many interfaces there are: what a
///          ring has no room for would be lost.
/// Source   RFC 5227 §2.1: PROBE_NUM, PROBE_MAX, ANNOUNCE_WAIT; RATE_LIMIT_INTERVAL is less here,
///          for it is few addresses on a link of the operator's.

#include "base/clock.h"
#include "control/outbox.h"
#include "link/interfaces.h"
#include "net/arp.h"

namespace sluice::control {

inline constexpr unsigned kProbes = 3;
inline constexpr Duration kProbeInterval = Duration::seconds(1);
inline constexpr unsigned kProbesAtOnce = 64;
inline constexpr Duration kBetweenProbes{5};
inline constexpr Duration kListening = Duration::seconds(2);  ///< After the last probe.
inline constexpr Duration kProbeAgain = Duration::seconds(10);

class Claim {
public:
    /// Both outlive this object.
    Claim(const link::Interfaces& interfaces, Outbox& outbox)
        : interfaces_(interfaces), outbox_(outbox) {}

    /// Probes from now on; whoever does not call it has claimed.
    void start(Tick now);
    /// Has claimed, whoever may have them.
    void force() { is_done_ = true; }
    /// True at the turn at which the addresses become the gateway's.
    bool turn(Tick now);
    bool is_done() const { return is_done_; }
    /// Leaves them to another host, and probes for them again in a while.
    void leave(Tick now) { start(now + kProbeAgain); }
    /// They are the gateway's, whoever else has them.
    void take() { is_done_ = true; }

    /// Whether the frame shows that an own address is another host's, which then is not claimed.
    bool is_refused_by(const net::Arp& arp, link::InterfaceId interface, Tick now);

private:
    bool probe_some();

    const link::Interfaces& interfaces_;
    Outbox& outbox_;
    unsigned probes_ = 0;  // rounds of them that have been sent
    size_t next_ = 0;      // the interface that a round has come to
    Tick due_;
    bool is_done_ = true;
};

}  // namespace sluice::control
