// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Packet pool: the mbufs that ports receive into and sluice writes its own packets to.
///
/// Memory   EAL's, all at create(); given back by the destructor, when all mbufs are home.

#include "base/result.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

struct rte_mempool;

namespace sluice::ethdev {

struct PacketPoolParams {
    std::string name;            ///< Unique in the process.
    uint32_t count = 0;          ///< Mbufs.
    uint32_t frame_bytes = 0;    ///< Room for a received frame, without the headroom.
    uint16_t private_bytes = 0;  ///< Of each mbuf, for who carries it; a multiple of 8.
    int numa_node = -1;
    bool is_preempted = false;  ///< Threads share CPUs: one may be stopped inside the pool.
};

class PacketPool {
public:
    /// Fails when EAL has too little memory.
    static Result<PacketPool> create(const PacketPoolParams& params);

    /// Bytes of EAL's memory that such a pool takes. Ordinary pages take more: no mbuf crosses one.
    static size_t bytes_needed(const PacketPoolParams& params, bool no_huge);

    rte_mempool* get() const { return pool_.get(); }

private:
    struct Free {
        void operator()(rte_mempool* pool) const;
    };
    explicit PacketPool(rte_mempool* pool) : pool_(pool) {}

    std::unique_ptr<rte_mempool, Free> pool_;
};

}  // namespace sluice::ethdev
