// SPDX-License-Identifier: BSD-3-Clause
#include "af_packet/socket_port.h"

#include <algorithm>
#include <bit>

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
        if (Status status = port->open_queue(); !status)
            return port->error(status.error());
    return port;
}

Status SocketPort::open_queue() {
    Result<std::unique_ptr<RxRing>> receiver = RxRing::open(ring_for(params_.mtu));
    if (!receiver)
        return receiver.error();
    Result<std::unique_ptr<Sender>> sender = Sender::open();
    if (!sender)
        return sender.error();
    queues_.push_back({std::move(*receiver), std::move(*sender)});
    return Done{};
}

Status SocketPort::start(rte_mempool* pool) {
    const Result<kernel::Interface> interface = kernel::look_up_interface(params_.interface);
    if (!interface)
        return error(interface.error());
    for (Queue& queue : queues_)
        queue.receiver->use(pool);
    if (Status status = bind(*interface); !status)
        return error(status.error());
    return Done{};
}

Status SocketPort::bind(const kernel::Interface& interface) {
    for (Queue& queue : queues_) {
        if (Status status = queue.receiver->bind(interface.index); !status)
            return status;
        if (Status status = queue.sender->bind(interface.index); !status)
            return status;
        queue.sender->use_runs(interface.cuts_tcp);
    }
    if (queues_.size() == 1)
        return Done{};
    const Result<int> group = queues_[0].receiver->found_group();
    if (!group)
        return group.error();
    for (size_t i = 1; i < queues_.size(); ++i)
        if (Status status = queues_[i].receiver->join_group(*group); !status)
            return status;
    for (Queue& queue : queues_)
        queue.receiver->clear();
    return Done{};
}

uint32_t SocketPort::frame_bytes() const {
    return params_.mtu + kEthernetBytes;
}

bool SocketPort::is_link_up() const {
    const Result<kernel::Interface> interface = kernel::look_up_interface(params_.interface);
    return interface && (*interface).is_running;
}

}  // namespace sluice::af_packet
