// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Device: a port as who starts it knows it, before and around the passing of packets.
///
/// Threads  For the thread that started EAL, but for is_link_up(), which any thread may ask.

#include "base/result.h"
#include "io/port.h"

#include <cstdint>

struct rte_mempool;

namespace sluice::io {

class Device : public Port {
public:
    /// Lets packets in, into mbufs of `pool`, which outlives the device. What it says of queues is
    /// true from here on.
    virtual Status start(rte_mempool* pool) = 0;

    virtual uint32_t frame_bytes() const = 0;  ///< Room that the pool's mbufs must have.
    virtual int numa_node() const = 0;         ///< -1 where it does not matter.
    virtual bool is_link_up() const = 0;
};

}  // namespace sluice::io
