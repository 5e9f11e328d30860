// SPDX-License-Identifier: BSD-3-Clause
#include "af_packet/sender.h"

#include "af_packet/runs.h"

#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_mbuf.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <linux/if_packet.h>
#include <string>

namespace sluice::af_packet {
namespace {

constexpr int kQueueBytes = 8 << 20;  // on their way through the interface
constexpr size_t kMacBytes = 2 * RTE_ETHER_ADDR_LEN;

Error failed(const char* what) {
    return Error{std::string(what) + ": " + std::strerror(errno)};
}

bool is_tagged(const rte_mbuf& mbuf) {
    return (mbuf.ol_flags & RTE_MBUF_F_TX_VLAN) != 0;
}

/// The kernel's header fits in front of the frame, into memory that is nobody else's.
bool has_room_in_front(const rte_mbuf& mbuf) {
    return RTE_MBUF_DIRECT(&mbuf) && rte_mbuf_refcnt_read(&mbuf) == 1 &&
           rte_pktmbuf_headroom(&mbuf) >= sizeof(VnetHeader);
}

/// Opens a gap for the tag behind the MACs. Returns how many bytes the headers have then.
size_t insert_tag(std::span<uint8_t> headers, size_t bytes, uint16_t tci) {
    const rte_vlan_hdr tag{rte_cpu_to_be_16(tci), 0};
    const uint16_t type = rte_cpu_to_be_16(RTE_ETHER_TYPE_VLAN);
    uint8_t* const place = headers.data() + kMacBytes;
    std::memmove(place + RTE_VLAN_HLEN, place, bytes - kMacBytes);
    std::memcpy(place, &type, sizeof type);
    std::memcpy(place + sizeof type, &tag.vlan_tci, sizeof tag.vlan_tci);
    return bytes + RTE_VLAN_HLEN;
}

}  // namespace

Result<std::unique_ptr<Sender>> Sender::open() {
    static_assert(sizeof(Front) == sizeof(VnetHeader) + sizeof(Front::headers));
    static_assert(sizeof(Front::headers) >= kMostRunHeaders + RTE_VLAN_HLEN);
    std::unique_ptr<Sender> sender(new Sender);
    // Without a protocol it receives nothing.
    sender->socket_ = Descriptor(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
    const int number = sender->socket_.get();
    const int on = 1;
    if (!sender->socket_)
        return failed("no packet socket");
    if (setsockopt(number, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof on) != 0)
        return failed("the kernel's packet sockets cannot do what is needed");
    // Straight to the interface: a queue of the kernel's would add delay. On this way the kernel
    // cuts no frames itself, only the interface does.
    setsockopt(number, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof on);
    if (setsockopt(number, SOL_SOCKET, SO_SNDBUFFORCE, &kQueueBytes, sizeof kQueueBytes) != 0)
        setsockopt(number, SOL_SOCKET, SO_SNDBUF, &kQueueBytes, sizeof kQueueBytes);
    return sender;
}

Status Sender::bind(int interface) {
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_ifindex = interface;
    if (::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return failed("the packet socket cannot be bound");
    return Done{};
}

unsigned Sender::send(std::span<rte_mbuf*> packets) {
    unsigned done = 0;
    bool in_runs = uses_runs_.load(std::memory_order_relaxed);
    while (done < packets.size()) {
        const unsigned prepared = prepare(packets.subspan(done), in_runs);
        const unsigned sent = flush();
        done += sent;
        if (sent == prepared)
            continue;
        if (!in_runs)
            break;
        // Perhaps the interface cuts no frames any more: once again, one by one.
        in_runs = false;
        use_runs(false);
    }
    rte_pktmbuf_free_bulk(packets.data(), done);
    return done;
}

/// Describes frames for the front of `packets`; returns for how many packets.
unsigned Sender::prepare(std::span<rte_mbuf*> packets, bool in_runs) {
    frame_count_ = part_count_ = 0;
    unsigned count = 0;
    while (count < packets.size() && frame_count_ < kMostFrames) {
        const auto rest = packets.subspan(count);
        const unsigned length = in_runs ? run_length(rest) : 1;
        const size_t parts = 1 + (length == 1 ? size_t{rest[0]->nb_segs} : length);
        if (part_count_ + parts > kMostParts)
            break;
        msghdr& message = messages_[frame_count_].msg_hdr;
        message.msg_iov = &parts_[part_count_];
        if (length == 1)
            prepare_one(*rest[0]);
        else
            prepare_run(rest.first(length));
        message.msg_iovlen = static_cast<size_t>(&parts_[part_count_] - message.msg_iov);
        packets_[frame_count_++] = length;
        count += length;
    }
    return count;
}

void Sender::prepare_one(rte_mbuf& mbuf) {
    if (!is_tagged(mbuf) && has_room_in_front(mbuf)) {
        uint8_t* front = rte_pktmbuf_mtod(&mbuf, uint8_t*) - sizeof(VnetHeader);
        std::memset(front, 0, sizeof(VnetHeader));
        add_part(front, sizeof(VnetHeader) + mbuf.data_len);
    } else {
        Front& front = fronts_[frame_count_];
        front.offload = {};
        std::copy_n(rte_pktmbuf_mtod(&mbuf, uint8_t*), kMacBytes, front.headers.data());
        add_front(mbuf, kMacBytes);
        add_part(rte_pktmbuf_mtod(&mbuf, uint8_t*) + kMacBytes, mbuf.data_len - kMacBytes);
    }
    for (rte_mbuf* more = mbuf.next; more != nullptr; more = more->next)
        add_part(rte_pktmbuf_mtod(more, void*), more->data_len);
}

void Sender::prepare_run(std::span<rte_mbuf*> run) {
    Front& front = fronts_[frame_count_];
    front.offload = {};
    const size_t headers = write_run_headers(run, front.headers, front.offload);
    add_front(*run[0], headers);
    for (rte_mbuf* mbuf : run)
        add_part(rte_pktmbuf_mtod(mbuf, uint8_t*) + headers, mbuf->data_len - headers);
}

void Sender::add_front(rte_mbuf& mbuf, size_t headers) {
    Front& front = fronts_[frame_count_];
    if (is_tagged(mbuf)) {
        headers = insert_tag(front.headers, headers, mbuf.vlan_tci);
        if (front.offload.gso != VnetHeader::kWhole) {
            front.offload.header_bytes = static_cast<uint16_t>(headers);
            front.offload.checksum_start =
                static_cast<uint16_t>(front.offload.checksum_start + RTE_VLAN_HLEN);
        }
    }
    add_part(&front, sizeof front.offload + headers);
}

void Sender::add_part(void* bytes, size_t count) {
    parts_[part_count_++] = {bytes, count};
}

/// Returns how many packets of those prepared are gone: sent, or refused for what they are.
unsigned Sender::flush() {
    unsigned packets = 0;
    for (unsigned frame = 0; frame < frame_count_;) {
        const int sent =
            sendmmsg(socket_.get(), &messages_[frame], frame_count_ - frame, MSG_DONTWAIT);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && errno != EMSGSIZE && errno != EINVAL)
            break;
        if (sent < 0)
            refused_.add(packets_[frame]);
        const unsigned gone = std::max(sent, 1);
        for (unsigned i = 0; i < gone; ++i)
            packets += packets_[frame++];
    }
    return packets;
}

}  // namespace sluice::af_packet
