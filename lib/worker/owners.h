// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Owners: packets from inside that are to be seen as a public address of another gateway of the
/// cluster go to that one.
///
/// Shape    As a router forwards them: as they came, with a TTL that is less by one, to the owner's
///          inside address as next hop. The later fragments of a datagram go as its first one.
/// Loops    None. What another gateway has sent, and is for none of the addresses that are held
///          here, is dropped (not_held): it has been sent on once. Whose frame it is its source MAC
///          says, which each member writes into its key beside the address that packets are sent
///          to; and it sends them by that interface alone (Forwarding::way_to_owner()). So who
///          would send a packet to a gateway knows the MAC by which that one may have sent it
///          before, and two can never send it to and fro. For three to send it round each would
///          have to be unknown to the next one while the one after that knows it, and have a lease
///          all the same: the watches of them would have to stand at three moments between which
///          each of them had been away. That ends with the next news, and such a packet with its
///          TTL.
/// Fakes    A host that sends by a member's MAC has its packets dropped where others would be sent
///          on, and is not asked for by --strict-source: it could take another host's MAC as well.
/// IPv6     Hosts of IPv6 are numbered by each gateway for itself, so their packets stay here.
/// Threads  Owned by one worker.
/// Cost     Without a cluster none is asked. Else Holdings::owner_of() and is_member(), a route and
///          a neighbour for each packet.

#include "base/clock.h"
#include "fragment/cutter.h"
#include "link/egress.h"
#include "nat/decision.h"
#include "nat/public_addresses.h"
#include "observe/tap.h"
#include "policy/current.h"
#include "stats/counters.h"
#include "worker/answers.h"
#include "worker/burst.h"
#include "worker/forwarding.h"
#include "worker/fragments.h"
#include "worker/members.h"

namespace sluice::worker {

class Owners {
public:
    /// All of these outlive this object.
    struct Parts {
        const policy::Current& policy;
        const Forwarding& forwarding;
        link::Egress& egress;
        fragment::Cutter& cutter;
        Answers& answers;
        Fragments& fragments;
        stats::Counters& counters;
        observe::Tap& tap;
    };

    explicit Owners(const Parts& parts) : parts_(parts), addresses_(parts.policy) {}

    /// There is a cluster; else nothing is asked.
    bool are_any() const { return parts_.forwarding.holdings() != nullptr; }
    /// Another gateway has sent packet i.
    bool have_sent(const Burst& burst, unsigned i) const {
        return are_any() && is_from_member(burst, i, *parts_.forwarding.holdings());
    }
    /// Packet i, from inside, might open a flow by this request, and is to be seen as an address
    /// that this gateway has not. True: it has left the burst. False: it opens one here, if at all.
    bool take_from(Burst& burst, unsigned i, const nat::Request& request, Tick now) {
        const auto address = addresses_.of(request);
        return address && !has(*address) && take(burst, i, *address, now);
    }
    /// Packet i, from inside, is to be seen as this address, which this gateway has not. True: it
    /// has left the burst. False: there is no owner to send it to.
    bool take(Burst& burst, unsigned i, Be32 address, Tick now);

private:
    /// This gateway may use it, or it is none of the cluster's.
    bool has(Be32 address) const { return parts_.forwarding.holdings()->has(address); }

    Parts parts_;
    nat::PublicAddresses addresses_;
};

}  // namespace sluice::worker
