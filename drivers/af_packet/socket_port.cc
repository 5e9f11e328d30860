// SPDX-License-Identifier: BSD-3-Clause
#include "af_packet/socket_port.h"

#include <rte_mbuf.h>

#include <algorithm>
#include <bit>
#include <utility>

namespace sluice::af_packet {
namespace {

constexpr uint32_t kEthernetBytes = 18;     // with a tag
constexpr uint32_t kSlotHeaderBytes = 112;  // at most, of the kernel's in front of a frame
constexpr uint32_t kLeastSlotBytes = 2048;
constexpr uint32_t kRingBytes = 4U << 20;
constexpr uint32_t kLeastSlots = 512;

RxRingParams ring_for(uint16_t mtu) {
    RxRingParams ring;
    ring.slot_bytes =
        std::max(kLeastSlotBytes, std::bit_ceil(mtu + kEthernetBytes + kSlotHeaderBytes));
    ring.slots = std::max(kLeastSlots, kRingBytes / ring.slot_bytes);
    return ring;
}

}  // namespace

Result<std::unique_ptr<SocketPort>> SocketPort::open(const SocketPortParams& params) {
    const Result<kernel::Interface> interface = kernel::look_up_interface(params.interface);
    std::unique_ptr<SocketPort> port(new SocketPort(params));
    if (!interface)
        return port->error(interface.error());
    port->mac_ = (*interface).mac;
    for (unsigned i = 0; i < params.queues; ++i)
        port->queues_.push_back(std::make_unique<Queue>());
    return port;
}

Result<SocketPort::SocketsOfAll> SocketPort::open_sockets() const {
    SocketsOfAll all;
    for (unsigned i = 0; i < params_.queues; ++i) {
        Result<std::unique_ptr<RxRing>> receiver = RxRing::open(ring_for(mtu()));
        if (!receiver)
            return receiver.error();
        Result<std::unique_ptr<Sender>> sender = Sender::open();
        if (!sender)
            return sender.error();
        (*receiver)->use(pool_);
        all.push_back(std::make_unique<Sockets>(Sockets{std::move(*receiver), std::move(*sender)}));
    }
    return all;
}

Status SocketPort::start(rte_mempool* pool) {
    pool_ = pool;
    const int room = rte_pktmbuf_data_room_size(pool) - RTE_PKTMBUF_HEADROOM;
    most_mtu_ = static_cast<uint16_t>(
        std::min<int>(params_.most_mtu, room - static_cast<int>(kEthernetBytes)));
    const Result<kernel::Interface> interface = kernel::look_up_interface(params_.interface);
    if (!interface)
        return error(interface.error());
    if (Status status = attach(*interface); !status)
        return error(status.error());
    for (const auto& queue : queues_)  // no worker runs yet
        queue->used = queue->owned.back().get();
    look();
    return Done{};
}

/// Opens sockets on the interface, and lets the workers change over to them.
Status SocketPort::attach(const kernel::Interface& interface) {
    retire(queues_.size());  // of an interface that comes and goes there are not ever more
    Result<SocketsOfAll> sockets = open_sockets();
    if (!sockets)
        return sockets.error();
    if (Status status = bind(*sockets, interface); !status)
        return status;
    if (params_.hears_groups)
        if (Status status = sockets->front()->receiver->accept_groups(interface.index); !status)
            return status;
    interface_ = interface.index;
    is_accepting_ = false;
    for (size_t i = 0; i < queues_.size(); ++i) {
        Queue& queue = *queues_[i];
        queue.owned.push_back(std::move((*sockets)[i]));
        queue.wanted.store(queue.owned.back().get(), std::memory_order_release);
    }
    return Done{};
}

Status SocketPort::bind(SocketsOfAll& sockets, const kernel::Interface& interface) {
    for (const auto& one : sockets) {
        if (Status status = one->receiver->bind(interface.index); !status)
            return status;
        if (Status status = one->sender->bind(interface.index); !status)
            return status;
    }
    if (sockets.size() == 1)
        return Done{};
    const Result<int> group = sockets[0]->receiver->found_group();
    if (!group)
        return group.error();
    for (size_t i = 1; i < sockets.size(); ++i)
        if (Status status = sockets[i]->receiver->join_group(*group); !status)
            return status;
    for (const auto& one : sockets)
        one->receiver->clear();
    return Done{};
}

unsigned SocketPort::receive(uint16_t queue, std::span<rte_mbuf*> packets) {
    Queue& one = *queues_[queue];
    Sockets* const wanted = one.wanted.load(std::memory_order_acquire);
    if (wanted != one.used) {
        one.used = wanted;
        one.seen.store(wanted, std::memory_order_release);
    }
    return one.used->receiver->receive(packets);
}

io::LinkState SocketPort::look() {
    io::LinkState state{false, false, mtu()};
    const Result<kernel::Interface> interface = kernel::look_up_interface(params_.interface);
    if (!interface && interface_ != 0 && kernel::may_still_be(params_.interface, interface_))
        return {true, has_link(), mtu()};
    if (!interface)
        interface_ = 0;  // who comes may have its number, and not its sockets
    if (interface && (*interface).index != interface_)
        if (const Status status = attach(*interface); !status)
            state.trouble = error(status.error()).message;
    if (interface && (*interface).index == interface_) {
        follow(*interface);
        state = {true, (*interface).is_running, mtu()};
    }
    set_link(state.is_up);
    retire(1);  // neighbours wait meanwhile
    count_losses();
    return state;
}

/// Takes over what has been changed on the interface.
void SocketPort::follow(const kernel::Interface& interface) {
    const uint32_t mtu = std::min<uint32_t>(interface.mtu, most_mtu_);
    mtu_.store(static_cast<uint16_t>(mtu), std::memory_order_relaxed);
    for (const auto& queue : queues_)
        queue->owned.back()->sender->use_runs(interface.cuts_tcp);
    if (interface.mac != mac_ && !is_accepting_)
        is_accepting_ = queues_[0]->owned.back()->receiver->accept(interface.index, mac_).ok();
}

/// Closes the sockets that no worker uses any more, of so many queues at most.
void SocketPort::retire(size_t most) {
    for (const auto& queue : queues_) {
        auto& owned = queue->owned;
        if (most == 0)
            return;
        if (owned.size() <= 1 || queue->seen.load(std::memory_order_acquire) != owned.back().get())
            continue;
        while (owned.size() > 1) {
            count(*owned.front(), retired_);
            owned.erase(owned.begin());
        }
        --most;
    }
}

void SocketPort::count(const Sockets& sockets, Totals& totals) {
    const io::Losses& losses = sockets.receiver->losses();
    for (size_t i = 0; i < io::kLossCount; ++i)
        totals[i] += losses.values[i].read();
    totals[index(io::Loss::TxErrors)] += sockets.sender->refused();
}

void SocketPort::count_losses() {
    Totals totals = retired_;
    for (const auto& queue : queues_)
        for (const auto& sockets : queue->owned)
            count(*sockets, totals);
    for (size_t i = 0; i < io::kLossCount; ++i)
        losses_.values[i].set(totals[i]);
}

uint32_t SocketPort::frame_bytes() const {
    return mtu() + kEthernetBytes;
}

}  // namespace sluice::af_packet
