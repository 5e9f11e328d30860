// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Memory port: a port whose wire is two queues in memory, for tests.
///
/// Threads  One, which stands at both ends of the wire.
/// Memory   Packets come from the pool given, and are read back as bytes.

#include "io/port.h"

#include <cstddef>
#include <deque>
#include <optional>
#include <span>
#include <vector>

struct rte_mempool;

namespace sluice::memory {

class MemoryPort : public io::Port {
public:
    struct Params {
        io::MacAddress mac{};
        uint16_t rx_queues = 1;
        uint16_t tx_queues = 1;
        uint16_t mtu = 1500;
        rte_mempool* packets = nullptr;
        std::optional<io::Rss> rss = {};  ///< By which queue_of() spreads.
        bool has_tags_beside = false;     ///< As NICs that strip and insert VLAN tags.
        bool verifies_checksums = false;  ///< As NICs that do; set_receive_flags() says with what.
    };

    explicit MemoryPort(const Params& params);
    ~MemoryPort() override;

    // The wire.
    /// Puts a frame before RX queue `queue`, in segments of at most `segment_bytes` (0: one).
    void inject(std::span<const uint8_t> frame, uint16_t queue = 0, size_t segment_bytes = 0);
    /// The queue to which a NIC with this port's RSS would give the frame.
    uint16_t queue_of(std::span<const uint8_t> frame) const;
    /// Takes what the port has sent so far.
    std::vector<std::vector<uint8_t>> take_sent();
    /// Frames that are injected from now on have these flags of an mbuf.
    void set_receive_flags(uint64_t flags) { receive_flags_ = flags; }
    void set_mtu(uint16_t mtu) { params_.mtu = mtu; }
    /// From now on, at most `count` packets are taken by each transmit().
    void limit_transmit(unsigned count) { transmit_limit_ = count; }

    // The port.
    unsigned receive(uint16_t queue, std::span<rte_mbuf*> packets) override;
    unsigned transmit(uint16_t queue, std::span<rte_mbuf*> packets) override;
    const io::Rss* rss() const override { return params_.rss ? &*params_.rss : nullptr; }
    uint16_t rx_queues() const override { return params_.rx_queues; }
    uint16_t tx_queues() const override { return params_.tx_queues; }
    io::MacAddress mac() const override { return params_.mac; }
    uint16_t mtu() const override { return params_.mtu; }
    bool inserts_tags() const override { return params_.has_tags_beside; }
    bool verifies_checksums() const override { return params_.verifies_checksums; }

private:
    Params params_;
    std::vector<std::deque<rte_mbuf*>> received_;  // by queue
    std::vector<std::vector<uint8_t>> sent_;
    unsigned transmit_limit_ = ~0u;
    uint64_t receive_flags_ = 0;
};

}  // namespace sluice::memory
