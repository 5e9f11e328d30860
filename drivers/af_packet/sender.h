// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Sender: a packet socket by which frames leave through a kernel interface.
///
/// Shape    A burst is one system call, sendmmsg. Nothing is queued here: what the interface does
///          not take now is not sent later. TCP segments of one burst that were, or could be, one
///          large frame leave as one (runs.h), where the interface can cut it. The tag of a packet
///          with RTE_MBUF_F_TX_VLAN is put into its frame.
/// Threads  One sends; another may read refused() and say use_runs().
/// Memory   None after open().
/// Errors   send() takes the front of a burst. A frame that the kernel refuses for what it is, for
///          its size mostly, is taken and counted.

#include "af_packet/vnet_header.h"
#include "base/descriptor.h"
#include "base/result.h"
#include "stats/counters.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <sys/socket.h>
#include <sys/uio.h>

struct rte_mbuf;

namespace sluice::af_packet {

class Sender {
public:
    static Result<std::unique_ptr<Sender>> open();
    Sender(const Sender&) = delete;

    Status bind(int interface);
    /// Whether the interface takes large frames now. One that no longer does is found out by
    /// send().
    void use_runs(bool are_taken) {
        // relaxed: the sender acts on nothing but the value itself.
        uses_runs_.store(are_taken, std::memory_order_relaxed);
    }
    /// Sends the front of `packets` and frees it; returns how many packets.
    unsigned send(std::span<rte_mbuf*> packets);

    /// Packets in frames that the interface does not send, whatever its state.
    uint64_t refused() const { return refused_.read(); }

private:
    static constexpr unsigned kMostFrames = 64;
    static constexpr unsigned kMostParts = 512;

    /// What is written before the parts of a packet that stay where they are. Without gaps: the
    /// kernel is given it as one part.
    struct Front {
        VnetHeader offload;
        std::array<uint8_t, 118> headers;
    };

    Sender() = default;
    unsigned prepare(std::span<rte_mbuf*> packets, bool in_runs);
    void prepare_one(rte_mbuf& mbuf);
    void prepare_run(std::span<rte_mbuf*> run);
    void add_part(void* bytes, size_t count);
    void add_front(rte_mbuf& mbuf, size_t headers);
    unsigned flush();

    Descriptor socket_;
    stats::Counter refused_;
    std::atomic<bool> uses_runs_{false};
    // The burst, as the kernel is given it.
    std::array<mmsghdr, kMostFrames> messages_{};
    std::array<unsigned, kMostFrames> packets_{};  // in each frame
    std::array<Front, kMostFrames> fronts_;
    std::array<iovec, kMostParts> parts_;
    unsigned frame_count_ = 0;
    unsigned part_count_ = 0;
};

}  // namespace sluice::af_packet
