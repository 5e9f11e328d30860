// SPDX-License-Identifier: BSD-3-Clause
#include "worker/flow_paths.h"

namespace sluice::worker {

/// That by which the first packet has opened its flow is known.
link::Path* FlowPaths::find(Burst& burst, unsigned i) const {
    const uint64_t bit = uint64_t{1} << i;
    if ((burst.routed & bit) == 0) {
        const auto path = parts_.forwarding.path_of(burst.flow[i]);
        if (!path)
            return nullptr;
        burst.path[i] = *path;
        burst.routed |= bit;
    }
    return &burst.path[i];
}

/// All packets come here while some port has no link, so a path is not searched for where the hop
/// is remembered.
const link::Exit* FlowPaths::exit_of(Burst& burst, unsigned i) const {
    const link::Egress& egress = parts_.egress;
    const flow::FlowRef flow = burst.flow[i];
    const flow::Hops& hops = parts_.table.record(flow).hops;
    const link::HopIndex hop = hops.index[index(flow.direction())];
    if (hop != link::kNoHop && hops.generation == egress.generation())
        return &egress.exit(egress.hop(hop).interface());
    const link::Path* path = find(burst, i);
    return path != nullptr ? &egress.exit(path->interface) : nullptr;
}

void FlowPaths::remember(Burst& burst, unsigned i, const link::Path& path) const {
    burst.path[i] = path;
    burst.routed |= uint64_t{1} << i;
    const flow::FlowRef flow = burst.flow[i];
    flow::Hops& hops = parts_.table.record(flow).hops;
    hops.generation = path.generation;
    hops.index[index(flow.direction())] = path.hop;
}

void FlowPaths::send(Burst& burst, unsigned i) const {
    const flow::FlowRef flow = burst.flow[i];
    link::Path* path = find(burst, i);
    if (path == nullptr)
        return parts_.egress.drop(burst.take(i), stats::Drop::NoRoute);
    parts_.cutter.send(burst.take(i), *path);
    parts_.table.record(flow).hops.index[index(flow.direction())] = path->hop;
}

}  // namespace sluice::worker
