// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Socket port: a port on an interface that stays the kernel's, by packet sockets.
///
/// Shape    A pair of sockets for each queue: a ring to receive, one to send. Where there are
///          several, the kernel spreads what arrives by the hash of the flow.
/// Threads  As io::Port; no queue shares anything with another.
/// Errors   A sentence: which port, what fails, why.
/// Memory   A ring of a few megabytes of the kernel's for each queue.

#include "af_packet/rx_ring.h"
#include "af_packet/sender.h"
#include "base/result.h"
#include "io/device.h"
#include "kernel/interface.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace sluice::af_packet {

struct SocketPortParams {
    std::string label;  ///< How errors call the port: "--wan af_packet:eth1".
    std::string interface;
    uint16_t queues = 1;
    uint16_t mtu = 1500;  ///< That of the interface, or less.
};

class SocketPort final : public io::Device {
public:
    static Result<std::unique_ptr<SocketPort>> open(const SocketPortParams& params);

    Status start(rte_mempool* pool) override;
    uint32_t frame_bytes() const override;
    int numa_node() const override { return -1; }
    bool is_link_up() const override;

    unsigned receive(uint16_t queue, std::span<rte_mbuf*> packets) override {
        return queues_[queue].receiver->receive(packets);
    }
    unsigned transmit(uint16_t queue, std::span<rte_mbuf*> packets) override {
        return queues_[queue].sender->send(packets);
    }

    uint16_t rx_queues() const override { return params_.queues; }
    uint16_t tx_queues() const override { return params_.queues; }
    io::MacAddress mac() const override { return mac_; }
    uint16_t mtu() const override { return params_.mtu; }
    bool verifies_checksums() const override { return true; }

private:
    struct Queue {
        std::unique_ptr<RxRing> receiver;
        std::unique_ptr<Sender> sender;
    };

    explicit SocketPort(const SocketPortParams& params) : params_(params) {}
    Error error(const Error& why) const { return {params_.label + ": " + why.message}; }
    Status open_queue();
    Status bind(const kernel::Interface& interface);

    SocketPortParams params_;
    io::MacAddress mac_{};
    std::vector<Queue> queues_;
};

}  // namespace sluice::af_packet
