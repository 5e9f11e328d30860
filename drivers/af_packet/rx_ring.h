// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Receive ring: a packet socket on a kernel interface, and the ring that the kernel fills for it.
///
/// Shape    TPACKET_V2, so that a frame is there as soon as it has arrived. What is larger than a
///          slot of the ring the kernel keeps whole in the socket's queue, in the ring's order, and
///          read() scatters it over mbufs. Frames that hold many segments leave here as so many
///          packets; checksums that the kernel has left unfinished are finished; a VLAN tag is told
///          in vlan_tci, with RTE_MBUF_F_RX_VLAN and _STRIPPED.
/// Threads  One receives; another may read losses().
///          A slot passes between kernel and receiver by its status word: the kernel writes it
///          after the frame, so the receiver's acquire load sees the frame; the receiver's release
///          store comes after its last load of the frame, so the kernel does not overwrite it.
/// Memory   The ring is the kernel's, taken at open(); mbufs come from the pool.
/// Errors   open() says in a sentence what fails. A frame that cannot be taken is counted.
/// Cost     One copy a packet; a system call for each frame that is larger than a slot.
/// Source   packet(7); Linux Documentation/networking/packet_mmap.rst.

#include "af_packet/segments.h"
#include "base/descriptor.h"
#include "base/result.h"
#include "io/losses.h"
#include "io/port.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <sys/uio.h>

struct rte_mbuf;
struct rte_mempool;
struct tpacket2_hdr;

namespace sluice::af_packet {

struct RxRingParams {
    uint32_t slots = 2048;  ///< A power of two, as slot_bytes is.
    uint32_t slot_bytes = 2048;
};

class RxRing {
public:
    static Result<std::unique_ptr<RxRing>> open(const RxRingParams& params);
    ~RxRing();
    RxRing(const RxRing&) = delete;

    /// Frames of the interface arrive from now on.
    Status bind(int interface);
    /// Founds a group, whose rings share the frames of their interface by the hash of the flow. All
    /// fragments between two hosts have one hash. Returns the group's number.
    Result<int> found_group();
    Status join_group(int number);
    /// Forgets what has arrived. To be done when all rings of a group are in it: before, each got
    /// every frame.
    void clear();

    void use(rte_mempool* pool) { pool_ = pool; }
    unsigned receive(std::span<rte_mbuf*> packets);

    /// Also accepts frames to this address, where the interface has another.
    Status accept(int interface, const io::MacAddress& mac);
    /// Likewise frames to every group, which a NIC may filter.
    Status accept_groups(int interface);

    /// Of this ring so far; one thread asks.
    const io::Losses& losses();

private:
    static constexpr uint32_t kMostPieces = 1000;  // with the header within UIO_MAXIOV

    struct Unmap {
        size_t bytes;
        void operator()(uint8_t* ring) const;
    };

    explicit RxRing(const RxRingParams& params) : params_(params) {}
    Status set_up();
    bool is_filled(uint32_t slot) const;
    void give_back();
    rte_mbuf* take(const tpacket2_hdr& slot);
    void finish(rte_mbuf& mbuf, const tpacket2_hdr& slot, const VnetHeader& kernel);

    void take_large(const tpacket2_hdr& slot);
    bool plan(const tpacket2_hdr& slot);
    bool allocate();
    bool lay_out();
    bool fill(const tpacket2_hdr& slot);
    bool fill_from_queue(const tpacket2_hdr& slot);
    void finish_all(const tpacket2_hdr& slot);
    void discard(const tpacket2_hdr& slot);
    uint8_t* slot(uint32_t index) const { return ring_.get() + size_t{index} * params_.slot_bytes; }

    RxRingParams params_;
    Descriptor socket_;
    std::unique_ptr<uint8_t, Unmap> ring_{nullptr, Unmap{0}};
    rte_mempool* pool_ = nullptr;
    uint32_t next_ = 0;  // slot
    io::Losses losses_;

    // What a large frame has become and nobody has asked for yet.
    Pieces pieces_;
    std::array<rte_mbuf*, kMostPieces> pending_;
    std::array<iovec, kMostPieces + 1> places_;  // where the kernel puts them
    uint32_t pending_begin_ = 0;
    uint32_t pending_end_ = 0;
};

}  // namespace sluice::af_packet
