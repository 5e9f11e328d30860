// SPDX-License-Identifier: BSD-3-Clause
#include "worker/handover.h"

namespace sluice::worker {

using stats::Drop;

bool Handover::bring_home(Burst& burst, unsigned i, Tick now) {
    const unsigned owner = parts_.table.record(burst.flow[i]).owner;
    if (owner == parts_.worker)
        return true;
    if (burst.is_at_owner(i))  // the flow died on the way, and was opened anew elsewhere
        parts_.egress.drop(burst.take(i), Drop::HandoffLoop);
    else
        bring_to(burst, i, owner, now);
    return false;
}

/// With --tcp-strict an error about TCP is held against its flow's numbers, which the owner writes.
/// Of all others any worker may be the one.
bool Handover::bring_error_home(Burst& burst, unsigned i, Tick now) {
    if (!parts_.policy->tuning.tcp_strict || burst.tuple[i].protocol != net::Protocol::Tcp)
        return true;
    // Those before it in the burst may have opened its flow.
    burst.flow[i] = parts_.table.find(burst.tuple[i], now);
    return !burst.flow[i] || bring_home(burst, i, now);
}

void Handover::bring_to(Burst& burst, unsigned i, unsigned owner, Tick now) {
    parts_.egress.hand_over(burst.take(i), owner, {.from = burst.from[i], .for_flow = true});
    if (burst.leads >> i & 1)
        parts_.fragments.follow_to(owner, burst, i, now);
}

}  // namespace sluice::worker
