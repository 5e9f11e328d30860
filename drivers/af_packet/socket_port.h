// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Socket port: a port on an interface that stays the kernel's, by packet sockets.
///
/// Shape    A pair of sockets for each queue: a ring to receive, one to send. Where there are
///          several, the kernel spreads what arrives by the hash of the flow.
///          The port outlives its interface: when there is another of its name, look() opens new
///          sockets on that. The port keeps its MAC, whatever the interface's is by then.
/// Threads  As io::Port; a queue is one worker's, both ways, and shares nothing with another.
///          New sockets reach the worker by Queue::wanted, which is stored (release) when they are
///          ready and loaded (acquire) at each receive(). The worker says by Queue::seen (release)
///          that it has left the old ones, which the control core (acquire) closes then, those of
///          one queue at each look().
/// Errors   A sentence: which port, what fails, why.
/// Memory   A ring of a few megabytes of the kernel's for each queue.
/// Cost     The kernel waits for all CPUs when sockets are opened and closed, and the control core
///          with it: of a queue some 15 ms and 45 ms.

#include "af_packet/rx_ring.h"
#include "af_packet/sender.h"
#include "base/result.h"
#include "io/device.h"
#include "kernel/interface.h"

#include <array>
#include <atomic>
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
    uint16_t mtu = 1500;        ///< That of the interface, or less.
    uint16_t most_mtu = 9216;   ///< However much the interface has.
    bool hears_groups = false;  ///< Frames to multicast MACs are wanted too.
};

class SocketPort final : public io::Device {
public:
    static Result<std::unique_ptr<SocketPort>> open(const SocketPortParams& params);

    Status start(rte_mempool* pool) override;
    uint32_t frame_bytes() const override;
    int numa_node() const override { return -1; }
    io::LinkState look() override;

    unsigned receive(uint16_t queue, std::span<rte_mbuf*> packets) override;
    unsigned transmit(uint16_t queue, std::span<rte_mbuf*> packets) override {
        return queues_[queue]->used->sender->send(packets);
    }

    uint16_t rx_queues() const override { return params_.queues; }
    uint16_t tx_queues() const override { return params_.queues; }
    io::MacAddress mac() const override { return mac_; }
    uint16_t mtu() const override { return mtu_.load(std::memory_order_relaxed); }
    bool inserts_tags() const override { return true; }
    bool verifies_checksums() const override { return true; }

private:
    struct Sockets {
        std::unique_ptr<RxRing> receiver;
        std::unique_ptr<Sender> sender;
    };
    using SocketsOfAll = std::vector<std::unique_ptr<Sockets>>;  // by queue

    struct alignas(64) Queue {
        Sockets* used = nullptr;                // the worker's
        std::atomic<Sockets*> seen{nullptr};    // by the worker
        std::atomic<Sockets*> wanted{nullptr};  // by the control core
        SocketsOfAll owned;                     // the control core's; the last are wanted
    };

    using Totals = std::array<uint64_t, io::kLossCount>;  // by Loss

    explicit SocketPort(const SocketPortParams& params) : params_(params), mtu_(params.mtu) {}
    Error error(const Error& why) const { return {params_.label + ": " + why.message}; }
    Result<SocketsOfAll> open_sockets() const;
    Status attach(const kernel::Interface& interface);
    static Status bind(SocketsOfAll& sockets, const kernel::Interface& interface);
    void follow(const kernel::Interface& interface);
    void retire(size_t most);
    static void count(const Sockets& sockets, Totals& totals);
    void count_losses();

    SocketPortParams params_;
    io::MacAddress mac_{};
    std::atomic<uint16_t> mtu_;
    uint16_t most_mtu_ = 0;  // that the pool's packets hold
    rte_mempool* pool_ = nullptr;
    std::vector<std::unique_ptr<Queue>> queues_;
    int interface_ = 0;          // the index of that which the sockets are on
    bool is_accepting_ = false;  // frames to mac_, beside those to the interface's own
    Totals retired_{};           // losses of sockets that are closed
};

}  // namespace sluice::af_packet
