// SPDX-License-Identifier: BSD-3-Clause
#include "ethdev/packet_pool.h"

#include <rte_errno.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

namespace sluice::ethdev {
namespace {

constexpr unsigned kCacheSize = 256;  // mbufs that an lcore keeps for itself
constexpr size_t kPageBytes = 4096;

}  // namespace

void PacketPool::Free::operator()(rte_mempool* pool) const {
    rte_mempool_free(pool);
}

Result<PacketPool> PacketPool::create(const PacketPoolParams& params) {
    // A thread that is stopped between the two steps of a ring's tail holds up all others, unless
    // the ring knows of it: rts lets the last one of a group move the tail.
    const char* ops = params.is_preempted ? "ring_mt_rts" : "ring_mp_mc";
    rte_mempool* pool = rte_pktmbuf_pool_create_by_ops(
        params.name.c_str(), params.count, kCacheSize, params.private_bytes,
        static_cast<uint16_t>(params.frame_bytes + RTE_PKTMBUF_HEADROOM), params.numa_node, ops);
    if (pool == nullptr)
        return Error{"no memory for " + std::to_string(params.count) + " packets of " +
                     std::to_string(params.frame_bytes) + " bytes: " + rte_strerror(rte_errno) +
                     "; give more with --memory"};
    return PacketPool(pool);
}

size_t PacketPool::bytes_needed(const PacketPoolParams& params, bool no_huge) {
    constexpr size_t kObjectExtra = 2 * RTE_CACHE_LINE_SIZE;  // the mempool's header and padding
    size_t each = sizeof(rte_mbuf) + params.private_bytes + RTE_PKTMBUF_HEADROOM +
                  params.frame_bytes + kObjectExtra;
    if (no_huge)
        each = each <= kPageBytes ? kPageBytes / (kPageBytes / each)
                                  : (each + kPageBytes - 1) / kPageBytes * kPageBytes;
    const size_t caches = sizeof(rte_mempool) + RTE_MAX_LCORE * sizeof(rte_mempool_cache);
    const size_t ring = 2 * sizeof(void*) * params.count;  // a power of two above count, at most
    return params.count * each + caches + ring + (1U << 20);
}

}  // namespace sluice::ethdev
