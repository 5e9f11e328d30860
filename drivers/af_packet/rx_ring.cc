// SPDX-License-Identifier: BSD-3-Clause
#include "af_packet/rx_ring.h"

#include <rte_branch_prediction.h>
#include <rte_ether.h>
#include <rte_mbuf.h>
#include <rte_memcpy.h>

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <string>
#include <sys/mman.h>
#include <sys/socket.h>

namespace sluice::af_packet {

using io::Loss;

namespace {

constexpr uint32_t kBlockBytes = 65536;  // or a slot, if that is larger
constexpr int kQueueBytes = 64 << 20;    // of frames that are larger than a slot
constexpr int kIgnoreOutgoing = 0x4000;  // PACKET_FANOUT_FLAG_IGNORE_OUTGOING, Linux 5.13
constexpr uint64_t kGood = RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD;

Error failed(const char* what) {
    return Error{std::string(what) + ": " + std::strerror(errno)};
}

bool set_option(int socket, int option, int value) {
    return setsockopt(socket, SOL_PACKET, option, &value, sizeof value) == 0;
}

const uint8_t* frame_of(const tpacket2_hdr& slot) {
    return reinterpret_cast<const uint8_t*>(&slot) + slot.tp_mac;
}

/// The kernel puts it before the frame, at any address.
VnetHeader kernel_header(const tpacket2_hdr& slot) {
    VnetHeader header;
    std::memcpy(&header, frame_of(slot) - sizeof header, sizeof header);
    return header;
}

/// Sent by this machine, and shown to us by a kernel that cannot be told not to.
bool is_outgoing(const tpacket2_hdr& slot) {
    const auto* from = reinterpret_cast<const sockaddr_ll*>(
        reinterpret_cast<const uint8_t*>(&slot) + TPACKET_ALIGN(sizeof slot));
    return from->sll_pkttype == PACKET_OUTGOING;
}

/// Puts a tag back into the frame that the kernel has taken it out of.
void restore_tag(rte_mbuf& mbuf, uint16_t type, uint16_t tci) {
    char* frame = rte_pktmbuf_prepend(&mbuf, RTE_VLAN_HLEN);
    if (frame == nullptr)  // there is always room: frames begin behind the pool's headroom
        return;
    const std::array<uint16_t, 2> tag{htons(type), htons(tci)};
    std::memmove(frame, frame + RTE_VLAN_HLEN, 2 * RTE_ETHER_ADDR_LEN);
    std::memcpy(frame + 2 * RTE_ETHER_ADDR_LEN, tag.data(), sizeof tag);
}

/// A tag of 802.1Q is told beside the frame; another, as of 802.1ad, is none of ours to understand.
void tell_tag(rte_mbuf& mbuf, const tpacket2_hdr& slot) {
    if ((slot.tp_status & TP_STATUS_VLAN_VALID) == 0)
        return;
    if ((slot.tp_status & TP_STATUS_VLAN_TPID_VALID) != 0 &&
        slot.tp_vlan_tpid != RTE_ETHER_TYPE_VLAN)
        return restore_tag(mbuf, slot.tp_vlan_tpid, slot.tp_vlan_tci);
    mbuf.vlan_tci = slot.tp_vlan_tci;
    mbuf.ol_flags |= RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
}

std::span<uint8_t> bytes_of(rte_mbuf* mbuf) {
    return {rte_pktmbuf_mtod(mbuf, uint8_t*), rte_pktmbuf_data_len(mbuf)};
}

}  // namespace

void RxRing::Unmap::operator()(uint8_t* ring) const {
    munmap(ring, bytes);
}

Result<std::unique_ptr<RxRing>> RxRing::open(const RxRingParams& params) {
    std::unique_ptr<RxRing> ring(new RxRing(params));
    if (Status status = ring->set_up(); !status)
        return status.error();
    return ring;
}

RxRing::~RxRing() {
    for (uint32_t i = pending_begin_; i != pending_end_; ++i)
        rte_pktmbuf_free(pending_[i]);
}

Status RxRing::set_up() {
    // Without a protocol, no frame arrives before bind().
    socket_ = Descriptor(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket_)
        return failed("no packet socket");
    const int number = socket_.get();
    if (!set_option(number, PACKET_VERSION, TPACKET_V2) ||
        !set_option(number, PACKET_VNET_HDR, 1) || !set_option(number, PACKET_COPY_THRESH, 1))
        return failed("the kernel's packet sockets cannot do what is needed");
    set_option(number, PACKET_IGNORE_OUTGOING, 1);  // where the kernel is older, take() looks
    if (setsockopt(number, SOL_SOCKET, SO_RCVBUFFORCE, &kQueueBytes, sizeof kQueueBytes) != 0)
        setsockopt(number, SOL_SOCKET, SO_RCVBUF, &kQueueBytes, sizeof kQueueBytes);

    tpacket_req request{};
    request.tp_frame_size = params_.slot_bytes;
    request.tp_frame_nr = params_.slots;
    request.tp_block_size = std::max(kBlockBytes, params_.slot_bytes);
    const size_t bytes = size_t{params_.slot_bytes} * params_.slots;
    request.tp_block_nr = static_cast<unsigned>(bytes / request.tp_block_size);
    if (setsockopt(number, SOL_PACKET, PACKET_RX_RING, &request, sizeof request) != 0)
        return failed("no memory of the kernel's for a ring");
    void* memory =
        mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, number, 0);
    if (memory == MAP_FAILED)
        return failed("the ring cannot be mapped");
    ring_ = {static_cast<uint8_t*>(memory), Unmap{bytes}};
    return Done{};
}

Status RxRing::bind(int interface) {
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(ETH_P_ALL);
    address.sll_ifindex = interface;
    if (::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return failed("the packet socket cannot be bound");
    return Done{};
}

Result<int> RxRing::found_group() {
    constexpr int kHow = PACKET_FANOUT_HASH | PACKET_FANOUT_FLAG_UNIQUEID;
    int group = 0;
    socklen_t bytes = sizeof group;
    if (!set_option(socket_.get(), PACKET_FANOUT, (kHow | kIgnoreOutgoing) << 16) &&
        !set_option(socket_.get(), PACKET_FANOUT, kHow << 16))
        return failed("the kernel gives no number for a group of sockets");
    if (getsockopt(socket_.get(), SOL_PACKET, PACKET_FANOUT, &group, &bytes) != 0)
        return failed("the number of the group of sockets cannot be read");
    return group & 0xffff;
}

Status RxRing::join_group(int number) {
    constexpr int kHow = PACKET_FANOUT_HASH;
    if (!set_option(socket_.get(), PACKET_FANOUT, number | (kHow | kIgnoreOutgoing) << 16) &&
        !set_option(socket_.get(), PACKET_FANOUT, number | kHow << 16))
        return failed("a packet socket cannot share the interface with others");
    return Done{};
}

void RxRing::clear() {
    for (uint32_t i = 0; i < params_.slots && is_filled(next_); ++i) {
        discard(*reinterpret_cast<const tpacket2_hdr*>(slot(next_)));
        give_back();
    }
}

bool RxRing::is_filled(uint32_t index) const {
    auto& header = *reinterpret_cast<tpacket2_hdr*>(slot(index));
    // acquire: with the kernel's write of the status, after that of the frame.
    const uint32_t status = std::atomic_ref(header.tp_status).load(std::memory_order_acquire);
    return (status & TP_STATUS_USER) != 0;
}

/// Gives the next slot back to the kernel, and goes on to the one behind it.
void RxRing::give_back() {
    auto& header = *reinterpret_cast<tpacket2_hdr*>(slot(next_));
    // release: the kernel writes the next frame here once it has read this.
    std::atomic_ref(header.tp_status).store(TP_STATUS_KERNEL, std::memory_order_release);
    next_ = (next_ + 1) & (params_.slots - 1);
}

unsigned RxRing::receive(std::span<rte_mbuf*> packets) {
    unsigned count = 0;
    for (uint32_t slots = 0; count < packets.size(); ++slots) {
        for (; pending_begin_ != pending_end_ && count < packets.size(); ++pending_begin_)
            packets[count++] = pending_[pending_begin_];
        if (count == packets.size() || slots == params_.slots || !is_filled(next_))
            break;
        const auto& header = *reinterpret_cast<const tpacket2_hdr*>(slot(next_));
        if (rte_mbuf* mbuf = take(header))
            packets[count++] = mbuf;
        give_back();
    }
    return count;
}

/// The packet in a slot; null if it is lost, or waits in pending_ with others of its frame.
rte_mbuf* RxRing::take(const tpacket2_hdr& slot) {
    if (is_outgoing(slot)) {
        discard(slot);
        return nullptr;
    }
    const VnetHeader kernel = kernel_header(slot);
    if (unlikely(slot.tp_snaplen < slot.tp_len || kernel.is_large())) {
        take_large(slot);
        return nullptr;
    }
    rte_mbuf* mbuf = rte_pktmbuf_alloc(pool_);
    char* data = mbuf == nullptr ? nullptr
                                 : rte_pktmbuf_append(mbuf, static_cast<uint16_t>(slot.tp_snaplen));
    if (unlikely(data == nullptr)) {
        losses_[mbuf == nullptr ? Loss::RxNoMbuf : Loss::RxOversize].add(1);
        rte_pktmbuf_free(mbuf);
        return nullptr;
    }
    rte_memcpy(data, frame_of(slot), slot.tp_snaplen);
    finish(*mbuf, slot, kernel);
    return mbuf;
}

/// What is to be told of a packet that came as one.
void RxRing::finish(rte_mbuf& mbuf, const tpacket2_hdr& slot, const VnetHeader& kernel) {
    if ((kernel.flags & VnetHeader::kNeedsChecksum) != 0) {
        if (finish_checksum(bytes_of(&mbuf), kernel))
            mbuf.ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_GOOD;
    } else if ((kernel.flags & VnetHeader::kChecksumValid) != 0) {
        mbuf.ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_GOOD;
    }
    tell_tag(mbuf, slot);
}

/// A frame of many segments, or larger than a slot.
void RxRing::take_large(const tpacket2_hdr& slot) {
    if (!plan(slot)) {
        losses_[Loss::RxUncut].add(1);
        return discard(slot);
    }
    if (!allocate()) {
        losses_[Loss::RxNoMbuf].add(pieces_.count);
        return discard(slot);
    }
    const bool fits = lay_out();
    if (!fits)
        discard(slot);
    if (!fits || !fill(slot)) {
        losses_[Loss::RxOversize].add(1);
        rte_pktmbuf_free_bulk(pending_.data(), pieces_.count);
        return;
    }
    finish_all(slot);
    pending_begin_ = 0;
    pending_end_ = pieces_.count;
}

bool RxRing::plan(const tpacket2_hdr& slot) {
    const VnetHeader kernel = kernel_header(slot);
    if (!kernel.is_large()) {
        pieces_ = {0, 0, slot.tp_len, slot.tp_len, 1};
        return true;
    }
    const auto planned = plan_pieces({frame_of(slot), slot.tp_snaplen}, slot.tp_len, kernel);
    if (!planned || planned->count > kMostPieces)
        return false;
    pieces_ = *planned;
    return true;
}

bool RxRing::allocate() {
    return rte_pktmbuf_alloc_bulk(pool_, pending_.data(), pieces_.count) == 0;
}

/// Gives every piece its length and its place: the first one's headers stand before its payload,
/// the others leave room for them. False when the packets are too small.
bool RxRing::lay_out() {
    for (uint32_t i = 0; i < pieces_.count; ++i) {
        const uint32_t bytes = pieces_.headers + pieces_.payload_of(i);
        if (bytes > rte_pktmbuf_tailroom(pending_[i]))
            return false;
        char* data = rte_pktmbuf_append(pending_[i], static_cast<uint16_t>(bytes));
        const uint32_t skipped = i == 0 ? 0 : pieces_.headers;
        places_[i + 1] = {data + skipped, bytes - skipped};
    }
    return true;
}

bool RxRing::fill(const tpacket2_hdr& slot) {
    if ((slot.tp_status & TP_STATUS_COPY) != 0)
        return fill_from_queue(slot);
    if (slot.tp_snaplen < slot.tp_len)  // the queue had no room
        return false;
    const uint8_t* from = frame_of(slot);
    for (const iovec& place : std::span(places_).subspan(1, pieces_.count)) {
        std::memcpy(place.iov_base, from, place.iov_len);
        from += place.iov_len;
    }
    return true;
}

bool RxRing::fill_from_queue(const tpacket2_hdr& slot) {
    VnetHeader kernel;
    places_[0] = {&kernel, sizeof kernel};
    msghdr message{};
    message.msg_iov = places_.data();
    message.msg_iovlen = pieces_.count + size_t{1};
    ssize_t bytes = recvmsg(socket_.get(), &message, MSG_DONTWAIT);
    if (bytes < 0)  // the socket says once that its interface was down
        bytes = recvmsg(socket_.get(), &message, MSG_DONTWAIT);
    return bytes == static_cast<ssize_t>(sizeof kernel + slot.tp_len) &&
           (message.msg_flags & MSG_TRUNC) == 0;
}

/// Makes packets of what lies in pending_.
void RxRing::finish_all(const tpacket2_hdr& slot) {
    const VnetHeader kernel = kernel_header(slot);
    if (!kernel.is_large())
        return finish(*pending_[0], slot, kernel);
    // The first one's headers are changed last: they are the others' model.
    const std::span headers = bytes_of(pending_[0]).first(pieces_.headers);
    for (uint32_t i = pieces_.count; i-- != 0;) {
        const std::span frame = bytes_of(pending_[i]);
        if (i != 0)
            std::copy(headers.begin(), headers.end(), frame.begin());
        finish_piece(frame, pieces_, i);
        pending_[i]->ol_flags |= kGood;
        tell_tag(*pending_[i], slot);
    }
}

/// Leaves the slot's frame, also where it lies in the socket's queue.
void RxRing::discard(const tpacket2_hdr& slot) {
    VnetHeader rest;
    if ((slot.tp_status & TP_STATUS_COPY) != 0 &&
        recv(socket_.get(), &rest, sizeof rest, MSG_DONTWAIT) < 0)
        recv(socket_.get(), &rest, sizeof rest, MSG_DONTWAIT);  // as fill_from_queue()
}

Status RxRing::accept(int interface, const io::MacAddress& mac) {
    packet_mreq request{};
    request.mr_ifindex = interface;
    request.mr_type = PACKET_MR_UNICAST;
    request.mr_alen = static_cast<uint16_t>(mac.size());
    std::copy(mac.begin(), mac.end(), request.mr_address);
    if (setsockopt(socket_.get(), SOL_PACKET, PACKET_ADD_MEMBERSHIP, &request, sizeof request) != 0)
        return failed("the interface does not listen to another address than its own");
    return Done{};
}

Status RxRing::accept_groups(int interface) {
    packet_mreq request{};
    request.mr_ifindex = interface;
    request.mr_type = PACKET_MR_ALLMULTI;
    if (setsockopt(socket_.get(), SOL_PACKET, PACKET_ADD_MEMBERSHIP, &request, sizeof request) != 0)
        return failed("the interface does not listen to all multicast addresses");
    return Done{};
}

const io::Losses& RxRing::losses() {
    tpacket_stats since{};  // since it was asked last
    socklen_t bytes = sizeof since;
    if (getsockopt(socket_.get(), SOL_PACKET, PACKET_STATISTICS, &since, &bytes) == 0)
        losses_[Loss::RxMissed].add(since.tp_drops);
    return losses_;
}

}  // namespace sluice::af_packet
