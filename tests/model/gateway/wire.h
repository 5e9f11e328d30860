// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Wire: both networks round a gateway that runs on threads of its own. Inside hosts talk without
/// end to a few servers; what reaches the outside is answered, to any queue; neighbours answer ARP.
///
/// Shape    One Wire, two ports on it. A packet is made in receive() and looked at in transmit().
/// Threads  Each queue belongs to one worker, as on a NIC; inboxes are shared under a lock.
/// Errors   Counted, for the end: frames that no sound gateway sends.

#include "io/port.h"
#include "link/next_hops.h"
#include "packet_builder.h"
#include "packet_reader.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <random>
#include <vector>

struct rte_mempool;

namespace sluice::test {

inline constexpr auto kInsideNetwork = "10.1.0.0";
inline constexpr auto kPublic = "198.51.100.1";
inline constexpr auto kRouter = "198.51.100.254";

class Wire {
public:
    /// Inside hosts send `packets` on each of `queues`.
    Wire(rte_mempool* packets, uint16_t queues, unsigned packets_per_queue);

    io::Port& port(net::Side side) { return ends_[index(side)]; }

    bool is_quiet() const;  ///< Hosts have said all, and all of it has been received.
    uint64_t leaked() const { return leaked_; }
    uint64_t answered() const { return answered_; }

private:
    class End : public io::Port {
    public:
        End(Wire& wire, net::Side side) : wire_(wire), side_(side) {}

        unsigned receive(uint16_t queue, std::span<rte_mbuf*> packets) override;
        unsigned transmit(uint16_t queue, std::span<rte_mbuf*> packets) override;
        uint16_t rx_queues() const override { return wire_.queues_; }
        uint16_t tx_queues() const override { return wire_.queues_; }
        io::MacAddress mac() const override {
            return test::mac(side_ == net::Side::Inside ? 1 : 2);
        }
        uint16_t mtu() const override { return 1500; }
        bool verifies_checksums() const override { return false; }

    private:
        Wire& wire_;
        net::Side side_;
    };

    struct Inbox {
        std::mutex lock;
        std::deque<Bytes> frames;
    };

    /// What one queue's hosts go by; only the queue's worker comes here.
    struct Hosts {
        std::minstd_rand random;
        std::atomic<unsigned> left;
    };

    bool next_frame(net::Side side, uint16_t queue, Bytes& frame);
    Bytes speak(std::minstd_rand& random);
    Bytes answer(const Seen& seen, std::minstd_rand& random);
    void arrive(net::Side side, uint16_t queue, const Bytes& frame);
    void put(net::Side side, uint16_t queue, Bytes frame);

    rte_mempool* packets_;
    uint16_t queues_;
    std::array<End, 2> ends_;
    std::array<std::vector<Inbox>, 2> inbox_;  // [side][queue]
    std::vector<Hosts> hosts_;                 // [queue]
    std::atomic<uint64_t> leaked_{0};
    std::atomic<uint64_t> answered_{0};
};

}  // namespace sluice::test
