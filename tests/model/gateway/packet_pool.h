// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// A packet pool whose free list the thread sanitizer can see.
///
/// DPDK's own lists live in libraries that are not built with it: it would take the next user of an
/// mbuf for a rival of the last.

#include <cstdint>

struct rte_mempool;

namespace sluice::test {

/// Null when there is no memory.
rte_mempool* make_packet_pool(unsigned packets, uint16_t private_bytes);

}  // namespace sluice::test
