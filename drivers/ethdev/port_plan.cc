// SPDX-License-Identifier: BSD-3-Clause
#include "ethdev/port_plan.h"

#include "ethdev/stale_socket.h"
#include "kernel/interface.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace sluice::ethdev {
namespace {

using io::PortKind;
using io::PortName;

constexpr uint32_t kUsualFrameBytes = 2048;
constexpr uint32_t kEthernetBytes = 18;  // with a VLAN tag
constexpr uint32_t kLargestMtu = 9216;
// Some NICs count a second tag and the checksum in, and use whole KB of a buffer: what is beyond
// them would come in a chain.
constexpr uint32_t kNicExtraBytes = 8;
constexpr uint32_t kNicBufferUnit = 1024;

/// The interface that the port will be on.
Result<kernel::Interface> interface_for(const PortPlan& plan) {
    Result<kernel::Interface> interface = kernel::look_up_interface(plan.name.interface);
    if (!interface)
        return plan.error(interface.error().message);
    if (const Status status = kernel::check_raw_sockets(); !status)
        return plan.error(status.error().message);
    return interface;
}

Status plan_af_packet(PortPlan& plan, unsigned workers) {
    const Result<kernel::Interface> interface = interface_for(plan);
    if (!interface)
        return interface.error();
    plan.mtu = std::min((*interface).mtu, kLargestMtu);
    plan.frame_bytes = std::max(kUsualFrameBytes, plan.mtu + kEthernetBytes);
    plan.spreading = Spreading::Kernel;
    plan.max_queues = static_cast<uint16_t>(workers);
    return Done{};
}

Status plan_af_xdp(PortPlan& plan, unsigned workers) {
    const Result<kernel::Interface> interface = interface_for(plan);
    if (!interface)
        return interface.error();
    const unsigned queues = (*interface).rx_queues;
    if (queues > workers)
        return plan.error("it receives on " + std::to_string(queues) + " queues, and there are " +
                          std::to_string(workers) + " workers to poll them; ethtool -L " +
                          plan.name.interface + " combined " + std::to_string(workers));
    plan.mtu = std::min((*interface).mtu, 1500U);  // a frame of a UMEM is 2048 bytes, headers too
    plan.spreading = Spreading::Kernel;
    plan.max_queues = static_cast<uint16_t>(queues);
    plan.arguments += ",start_queue=0,queue_count=" + std::to_string(queues);
    return Done{};
}

Status plan_tap(PortPlan& plan, unsigned workers) {
    constexpr unsigned kMostTapQueues = 16;  // RTE_PMD_TAP_MAX_QUEUES
    if (access("/dev/net/tun", R_OK | W_OK) != 0)
        return plan.error("/dev/net/tun cannot be opened (" + std::string(std::strerror(errno)) +
                          "); start sluice as root on a kernel with TUN");
    plan.spreading = Spreading::Kernel;
    plan.max_queues = static_cast<uint16_t>(std::min(workers, kMostTapQueues));
    return Done{};
}

Status plan_pcap(PortPlan& plan) {
    if (access(plan.name.pcap_in.c_str(), R_OK) != 0)
        return plan.error(plan.name.pcap_in + " cannot be read: " + std::strerror(errno));
    return Done{};
}

Status plan_memif(const PortPlan& plan) {
    if (plan.name.listening.empty())
        return Done{};
    if (const Status status = remove_stale_socket(plan.name.listening); !status)
        return plan.error(status.error().message);
    return Done{};
}

Status plan_pci(PortPlan& plan) {
    const std::string device = "/sys/bus/pci/devices/" + plan.name.device;
    std::ifstream(device + "/numa_node") >> plan.numa_node;
    if (!std::filesystem::exists(device))
        return plan.error("there is no such PCI device; `lspci -D` lists those that are");
    return Done{};
}

Status look_up(PortPlan& plan, unsigned workers) {
    switch (plan.name.kind) {
        case PortKind::AfPacket:
            return plan_af_packet(plan, workers);
        case PortKind::AfXdp:
            return plan_af_xdp(plan, workers);
        case PortKind::Tap:
            return plan_tap(plan, workers);
        case PortKind::Pcap:
            return plan_pcap(plan);
        case PortKind::Memif:
            return plan_memif(plan);
        case PortKind::Pci:
            break;
        case PortKind::Vdev:
            break;
    }
    plan.spreading = Spreading::Nic;
    plan.max_queues = static_cast<uint16_t>(workers);
    return plan.name.kind == PortKind::Pci ? plan_pci(plan) : Status{Done{}};
}

}  // namespace

Error PortPlan::error(std::string_view why) const {
    return Error{label() + ": " + std::string(why)};
}

Status PortPlan::want_mtu(uint32_t bytes) {
    if (mtu != 0 && bytes > mtu)
        return error("--mtu " + std::to_string(bytes) + ": it has " + std::to_string(mtu) +
                     "; `ip link set dev " + name.interface + " mtu " + std::to_string(bytes) +
                     "` raises that");
    wanted_mtu = bytes;
    uint32_t room = bytes + kEthernetBytes;
    if (name.kind == PortKind::Pci)
        room = (room + kNicExtraBytes + kNicBufferUnit - 1) / kNicBufferUnit * kNicBufferUnit;
    frame_bytes = std::max(frame_bytes, room);
    return Done{};
}

Status PortPlan::want_vlans(const std::vector<uint16_t>& tags) {
    vlans = tags;
    if (name.kind != PortKind::AfXdp || !takes_tagged())
        return Done{};
    const Result<kernel::Interface> interface = kernel::look_up_interface(name.interface);
    if (interface && (*interface).strips_tags)
        return error("its driver takes VLAN tags off before AF_XDP sees the frames; `ethtool -K " +
                     name.interface + " rxvlan off` stops it");
    return Done{};
}

bool PortPlan::takes(uint16_t vlan) const {
    return std::find(vlans.begin(), vlans.end(), vlan) != vlans.end();
}

bool PortPlan::takes_tagged() const {
    return std::any_of(vlans.begin(), vlans.end(), [](uint16_t vlan) { return vlan != 0; });
}

Result<PortPlan> plan_port(const std::string& flag, const PortName& name, unsigned workers) {
    PortPlan plan;
    plan.flag = flag;
    plan.name = name;
    plan.arguments = name.arguments;
    plan.frame_bytes = kUsualFrameBytes;
    if (Status status = look_up(plan, workers); !status)
        return status.error();
    return plan;
}

}  // namespace sluice::ethdev
