// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Own addresses: ARP for the addresses that are the gateway's. They are claimed, announced,
/// answered for and defended; and so are public addresses that flows have kept. Of a cluster's
/// public addresses, those that are held.
///
/// Threads  The control core's.
/// Source   RFC 826; RFC 5227 §2.4 (address conflicts).

#include "base/clock.h"
#include "control/announcer.h"
#include "control/claim.h"
#include "control/gained_addresses.h"
#include "control/kept_addresses.h"
#include "control/notice.h"
#include "control/outbox.h"
#include "control/pace.h"
#include "policy/announcing.h"

#include <functional>
#include <string>

namespace sluice::control {

inline constexpr Duration kDefendInterval = Duration::seconds(10);  ///< RFC 5227 §1.1.

struct OwnAddressParams {
    Notice notice;
    policy::Announcing announcing = {};   ///< At the start.
    const KeptAddresses* kept = nullptr;  ///< Answered for as well; null for none.
    /// Where this gateway is one of two: told of each conflict, returns whether the other one,
    /// which is away, may be who has the address too.
    std::function<bool()> may_be_peer = {};
    /// Where it is one of a cluster: what others have is answered for by them. Null: it is not.
    const pool::Holdings* holdings = nullptr;
};

class OwnAddresses {
public:
    /// All but `params` outlive this object.
    OwnAddresses(OwnAddressParams params, const link::Interfaces& interfaces, Outbox& outbox,
                 stats::Counters& counters);

    /// Claims them; true when they are the gateway's at once.
    bool start(Tick now);
    /// Has them at once, and announces them: the host that had them before is gone.
    void take_over(Tick now) {
        claim_.force();
        announcer_.take_over(params_.announcing.answered, now);
    }
    /// True at the turn at which they become the gateway's.
    bool turn(Tick now);
    bool are_claimed() const { return claim_.is_done(); }
    /// Announces all of them anew: others may have forgotten.
    void announce(Tick now) { announcer_.start(params_.announcing.answered, now); }
    /// Another configuration holds. True when it claims at once what was not claimed yet.
    bool announce_by(const policy::Announcing& announcing, Tick now);
    const policy::Announcing& announcing() const { return params_.announcing; }

    bool contain(Be32 address, link::InterfaceId interface) const;
    /// Whether another host has or wants an own address by this frame, which then says nothing
    /// else. Where that is claimed already, the configuration says what is done.
    bool is_conflict(const net::Arp& arp, link::InterfaceId interface, Tick now);
    /// Answers a request for one of them, by `worker`.
    void answer(const net::Arp& arp, link::InterfaceId interface, unsigned worker);

private:
    void leave(const net::Arp& arp, Tick now);
    void defend(const net::Arp& arp, link::InterfaceId interface, bool may_be_peer);
    void notice(const std::string& sentence) const;

    OwnAddressParams params_;
    const link::Interfaces& interfaces_;
    Outbox& outbox_;
    stats::Counters& counters_;
    Claim claim_;
    Announcer announcer_;
    GainedAddresses gained_;
    Pace defence_{kDefendInterval};
};

}  // namespace sluice::control
