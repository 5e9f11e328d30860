// SPDX-License-Identifier: BSD-3-Clause
#include "why/which_worker.h"

#include "io/port.h"
#include "io/toeplitz.h"

namespace sluice::why {

bool which_worker(const worker::Shared& shared, const std::vector<io::Port*>& ports,
                  const worker::Burst& burst, unsigned& worker) {
    const net::Tuple& tuple = burst.tuple[0];
    const io::Rss* rss = ports[shared.interfaces[burst.from[0]].port]->rss();
    const bool is_spread_by_ports =
        tuple.protocol == net::Protocol::Tcp || tuple.protocol == net::Protocol::Udp;
    if (shared.workers == 1)
        return true;
    if (shared.spread_flows)
        worker = shared.table.hash(tuple) % shared.workers;
    else if (rss != nullptr && is_spread_by_ports && !burst.packet[0].is_fragment)
        worker = rss->queues[io::Toeplitz(rss->key).hash(tuple) & (rss->queues.size() - 1)] %
                 shared.workers;
    else
        return false;
    return true;
}

}  // namespace sluice::why
