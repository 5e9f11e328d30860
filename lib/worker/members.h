// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Members: which packets another gateway of the cluster has sent on to this one.

#include "net/mac.h"
#include "net/side.h"
#include "pool/holdings.h"
#include "worker/burst.h"

#include <rte_mbuf.h>

namespace sluice::worker {

/// Packet i, with the Ethernet header that it came with.
inline bool is_from_member(const Burst& burst, unsigned i, const pool::Holdings& holdings) {
    return burst.side[i] == net::Side::Inside &&
           holdings.is_member(net::source_mac(rte_pktmbuf_mtod(burst.mbuf[i], const void*)));
}

}  // namespace sluice::worker
