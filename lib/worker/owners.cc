// SPDX-License-Identifier: BSD-3-Clause
#include "worker/owners.h"

#include "conntrack/tcp_state.h"
#include "nat/translate.h"

#include <rte_mbuf.h>

namespace sluice::worker {

using stats::Count;
using stats::Drop;

namespace {

/// Packet i is of a connection that stands already, which its server would reset if it were seen as
/// another address; who is to have its own, which is nobody's just now, may have its flow.
bool waits_for_owner(const Burst& burst, unsigned i, bool is_coming) {
    return is_coming && burst.tuple[i].protocol == net::Protocol::Tcp &&
           (burst.packet[i].tcp_flags & conntrack::kSyn) == 0;
}

}  // namespace

bool Owners::take(Burst& burst, unsigned i, Be32 address, Tick now) {
    if (parts_.egress.interface(burst.from[i]).vlan == link::kIpv6Side)
        return false;
    // The way first, then who has sent it: Holdings::is_member().
    auto path = parts_.forwarding.way_to_owner(address, burst.tuple[i].zone);
    if (have_sent(burst, i)) {
        parts_.egress.drop(burst.take(i), Drop::NotHeld);
        return true;
    }
    if (!path) {
        if (!waits_for_owner(burst, i, parts_.forwarding.holdings()->is_coming(address)))
            return false;
        parts_.egress.drop(burst.take(i), Drop::NotHeld);
        return true;
    }
    if (!parts_.answers.may_leave(burst, i, parts_.egress.exit(path->interface), now))
        return true;
    if (parts_.tap.is_on())
        parts_.tap.rewrite(uint64_t{1} << i);
    parts_.counters.count[Count::HandedToOwner].add(1);
    nat::decrement_ttl(burst.packet[i]);
    if ((burst.leads >> i & 1) != 0)
        parts_.fragments.pass_on(burst, i, *path, now);
    else
        parts_.cutter.send(burst.take(i), *path);
    return true;
}

}  // namespace sluice::worker
