// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Synthetic port: a port whose wire is two arrays of mbufs a queue, for benchmarks.
///
/// Shape    Mbufs that are offered come out of receive() in order, and stay in sent() once they are
///          transmitted. A packet is neither copied nor freed.
/// Threads  A queue belongs to one thread, which stands at both ends of its wire. Queues share no
///          cache line.
/// Memory   All at construction.
/// Cost     receive() writes an mbuf's first line, as the driver of a NIC does.

#include "io/port.h"

#include <memory>
#include <vector>

namespace sluice::synthetic {

class SyntheticPort : public io::Port {
public:
    struct Params {
        io::MacAddress mac{};
        uint16_t queues = 1;
        unsigned capacity = 0;  ///< Mbufs that may wait before a queue, and behind it.
    };

    explicit SyntheticPort(const Params& params);

    // The wire.
    /// Puts packets before a queue, behind those that wait there. False when there is no room.
    bool offer(uint16_t queue, std::span<rte_mbuf* const> packets);
    bool is_drained(uint16_t queue) const {
        return queues_[queue].next == queues_[queue].in.size();
    }
    /// What has been transmitted since the last clear(), in order.
    std::span<rte_mbuf* const> sent(uint16_t queue) const { return queues_[queue].out; }
    /// Forgets what has been received and sent.
    void clear(uint16_t queue);
    /// From now on no receive() gives more than `most` packets.
    void limit_burst(unsigned most) { burst_ = most; }

    // The port.
    unsigned receive(uint16_t queue, std::span<rte_mbuf*> packets) override;
    unsigned transmit(uint16_t queue, std::span<rte_mbuf*> packets) override;
    uint16_t rx_queues() const override { return params_.queues; }
    uint16_t tx_queues() const override { return params_.queues; }
    io::MacAddress mac() const override { return params_.mac; }
    uint16_t mtu() const override { return 1500; }
    bool verifies_checksums() const override { return true; }

private:
    struct alignas(128) Queue {
        std::vector<rte_mbuf*> in;
        std::vector<rte_mbuf*> out;
        size_t next = 0;  // of `in`
    };

    Params params_;
    unsigned burst_ = ~0u;
    std::vector<Queue> queues_;
};

}  // namespace sluice::synthetic
