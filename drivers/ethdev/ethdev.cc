// SPDX-License-Identifier: BSD-3-Clause
#include "ethdev/ethdev.h"

#include "ethdev/driver_log.h"
#include "ethdev/nic_driver.h"
#include "ethdev/queue_plan.h"
#include "ethdev/rss.h"
#include "kernel/interface.h"

#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_pause.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <net/if.h>
#include <sched.h>
#include <string>
#include <string_view>

namespace sluice::ethdev {
namespace {

constexpr uint16_t kUsualMtu = 1500;
constexpr size_t kUsualKeyBytes = 40;

/// Takes a lock whose holder may have been preempted: where threads share a CPU, it needs that CPU
/// to go on.
void lock(rte_spinlock_t& spinlock) {
    constexpr unsigned kPatience = 256;
    for (unsigned tries = 0; rte_spinlock_trylock(&spinlock) == 0; ++tries) {
        rte_pause();
        if (tries > kPatience)
            sched_yield();
    }
}

/// Makes each frame of several mbufs one of a single mbuf, for a device that sends no others.
/// Returns how many, from the front, are.
uint16_t join(std::span<rte_mbuf*> packets) {
    uint16_t count = 0;
    for (rte_mbuf* packet : packets) {
        if (packet->nb_segs > 1 && rte_pktmbuf_linearize(packet) != 0)
            break;
        ++count;
    }
    return count;
}

/// Why EAL knows no port at a PCI device: most often it belongs to the kernel.
std::string why_no_pci_port(const std::string& device) {
    if (const std::string why = why_not_free("/", device); !why.empty())
        return why;
    const std::string complaint = take_complaint();
    return "no driver of DPDK took it" + (complaint.empty() ? "" : " (" + complaint + ")") +
           "; see `dpdk-devbind.py -s` for whether it is a NIC that DPDK knows";
}

Status hotplug(const PortPlan& plan) {
    take_complaint();
    const int failure =
        rte_eal_hotplug_add("vdev", plan.name.device.c_str(), plan.arguments.c_str());
    if (failure == 0)
        return Done{};
    const std::string complaint = take_complaint();
    if (complaint.starts_with("EAL: failed to parse device"))
        return plan.error("DPDK has no driver for this device; name one as net_ring0, net_null0");
    return plan.error("DPDK cannot make the device: " +
                      (complaint.empty() ? std::strerror(std::abs(failure)) : complaint));
}

}  // namespace

Result<std::unique_ptr<Ethdev>> Ethdev::attach(const PortPlan& plan, unsigned workers) {
    const Quiet quiet;
    const bool is_pci = plan.name.kind == io::PortKind::Pci;
    if (!is_pci)
        if (Status status = hotplug(plan); !status)
            return status.error();
    uint16_t id = 0;
    if (rte_eth_dev_get_port_by_name(plan.name.device.c_str(), &id) != 0)
        return plan.error(is_pci ? why_no_pci_port(plan.name.device)
                                 : "the device is no network port");
    std::unique_ptr<Ethdev> port(new Ethdev(plan, id, workers));
    if (Status status = port->read_properties(); !status)
        return status.error();
    return port;
}

Ethdev::Ethdev(const PortPlan& plan, uint16_t id, unsigned workers)
    : plan_(plan), id_(id), workers_(workers) {}

Ethdev::~Ethdev() {
    const Quiet quiet;
    if (is_started_)
        rte_eth_dev_stop(id_);
    resets_.reset();
    rte_eth_dev_close(id_);
}

Error Ethdev::failed(const char* step, int error) const {
    const std::string complaint = take_complaint();
    const char* hint =
        plan_.name.kind == io::PortKind::Memif ? " (the end with role=server starts first)" : "";
    return plan_.error(std::string(step) + " fails: " +
                       (complaint.empty() ? std::strerror(std::abs(error)) : complaint) + hint);
}

int Ethdev::numa_node() const {
    return rte_eth_dev_socket_id(id_);
}

uint32_t Ethdev::frame_bytes() const {
    return std::max<uint32_t>(plan_.frame_bytes, RTE_ETHER_HDR_LEN + RTE_VLAN_HLEN + mtu_);
}

Status Ethdev::read_properties() {
    rte_ether_addr address{};
    if (const int error = rte_eth_macaddr_get(id_, &address); error != 0)
        return failed("reading its MAC address", error);
    std::copy(std::begin(address.addr_bytes), std::end(address.addr_bytes), mac_.begin());
    // A tap's address is that of the kernel's end of it, which is another host on the wire.
    if (plan_.name.kind == io::PortKind::Tap)
        mac_.back() ^= 1;

    mtu_ = static_cast<uint16_t>(plan_.mtu);
    if (mtu_ == 0 && rte_eth_dev_get_mtu(id_, &mtu_) != 0)
        mtu_ = kUsualMtu;
    return Done{};
}

Status Ethdev::check_rss_key(const rte_eth_dev_info& device) const {
    const size_t wanted = device.hash_key_size == 0 ? kUsualKeyBytes : device.hash_key_size;
    if (plan_.rss_key.empty() || plan_.rss_key.size() == wanted)
        return Done{};
    return plan_.error("its RSS key has " + std::to_string(wanted) + " bytes, --rss-key has " +
                       std::to_string(plan_.rss_key.size()));
}

Status Ethdev::configure(const rte_eth_dev_info& device) {
    const QueuePlan queues = plan_queues(device, plan_, workers_);
    device_rx_queues_ = queues.rx;
    rx_queues_ = queues.polled(workers_);
    tx_queues_ = queues.tx;

    rte_eth_conf conf{};
    conf.intr_conf.rmv = (*device.dev_flags & RTE_ETH_DEV_INTR_RMV) != 0 ? 1 : 0;
    if (queues.rss_hf != 0) {
        conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
        conf.rx_adv_conf.rss_conf.rss_hf = queues.rss_hf;
        if (Status status = check_rss_key(device); !status)
            return status;
        if (!plan_.rss_key.empty()) {
            conf.rx_adv_conf.rss_conf.rss_key = plan_.rss_key.data();
            conf.rx_adv_conf.rss_conf.rss_key_len = static_cast<uint8_t>(plan_.rss_key.size());
        }
    }
    Result<OffloadPlan> offloads = plan_offloads(device, plan_);
    if (!offloads)
        return offloads.error();
    offloads_ = *offloads;
    conf.rxmode.offloads = offloads_.rx;
    conf.rxmode.mtu = offloads_.mtu;
    conf.txmode.offloads = offloads_.tx;
    if (const int error = rte_eth_dev_configure(id_, device_rx_queues_, tx_queues_, &conf);
        error != 0)
        return failed("setting up its queues", error);
    if (tx_queues_ < workers_)
        tx_locks_ = std::vector<Lock>(tx_queues_);
    if (device_rx_queues_ > rx_queues_)
        next_queue_ = std::vector<NextQueue>(rx_queues_);
    return Done{};
}

/// A filter may be there whether asked for or not, as with a virtual function or virtio, and lets
/// nothing pass that has a tag until it is told.
Status Ethdev::let_vlans_in() {
    if (!offloads_.filters_tags)
        return Done{};
    for (const uint16_t vlan : plan_.vlans) {
        const int error = rte_eth_dev_vlan_filter(id_, vlan, 1);
        if (error != 0 && vlan != 0)
            return failed(("letting VLAN " + std::to_string(vlan) + " in").c_str(), error);
    }
    return Done{};
}

/// A device that cannot be told has no filter to open.
Status Ethdev::let_groups_in() {
    if (!plan_.hears_groups)
        return Done{};
    int error = rte_eth_allmulticast_enable(id_);
    if (error == -ENOTSUP)  // AF_XDP's driver knows of this one alone, and the NIC below filters
        error = rte_eth_promiscuous_enable(id_);
    return error == 0 || error == -ENOTSUP ? Status{Done{}}
                                           : failed("letting frames to groups in", error);
}

/// Most drivers have taken it with their configuration, and virtio's takes it here alone.
Status Ethdev::set_mtu() {
    if (offloads_.mtu == 0)
        return Done{};
    const int error = rte_eth_dev_set_mtu(id_, static_cast<uint16_t>(offloads_.mtu));
    return error == 0 ? Status{Done{}} : failed("taking the MTU of --mtu", error);
}

/// A NIC that is behind would stop its neighbour, which then drops what is for others too; here
/// each loss has a name. What a NIC cannot be told stays as it is.
void Ethdev::switch_pauses_off() {
    rte_eth_fc_conf pauses{};
    if (rte_eth_dev_flow_ctrl_get(id_, &pauses) != 0 || pauses.mode == RTE_ETH_FC_NONE)
        return;
    pauses.mode = RTE_ETH_FC_NONE;
    (void)rte_eth_dev_flow_ctrl_set(id_, &pauses);
}

Status Ethdev::set_up_queues(rte_eth_dev_info& device, rte_mempool* pool) {
    // The queues' offloads are those of the port.
    device.default_rxconf.offloads = 0;
    device.default_txconf.offloads = 0;
    // A queue whose worker is behind loses its own packets, and does not hold up the others.
    if (device_rx_queues_ > 1)
        device.default_rxconf.rx_drop_en = 1;
    uint16_t rx_size = plan_.rx_ring;
    uint16_t tx_size = plan_.tx_ring;
    if (const int error = rte_eth_dev_adjust_nb_rx_tx_desc(id_, &rx_size, &tx_size); error != 0)
        return failed("sizing its queues", error);
    const auto node = static_cast<unsigned>(numa_node());
    for (uint16_t queue = 0; queue < device_rx_queues_; ++queue)
        if (const int error =
                rte_eth_rx_queue_setup(id_, queue, rx_size, node, &device.default_rxconf, pool);
            error != 0)
            return failed("setting up a receive queue", error);
    for (uint16_t queue = 0; queue < tx_queues_; ++queue)
        if (const int error =
                rte_eth_tx_queue_setup(id_, queue, tx_size, node, &device.default_txconf);
            error != 0)
            return failed("setting up a transmit queue", error);
    return Done{};
}

Status Ethdev::start(rte_mempool* pool) {
    const Quiet quiet;
    take_complaint();
    rte_eth_dev_info device{};
    if (const int error = rte_eth_dev_info_get(id_, &device); error != 0)
        return failed("asking what it can do", error);
    if (Status status = configure(device); !status)
        return status;
    if (Status status = set_up_queues(device, pool); !status)
        return status;
    if (Status status = set_mtu(); !status)
        return status;
    resets_ = std::make_unique<ResetWatch>(id_, device);
    if (plan_.name.kind == io::PortKind::Pci)
        removals_ = std::make_unique<RemovalWatch>(id_, plan_.name.device);
    if (const int error = rte_eth_dev_start(id_); error != 0)
        return failed("starting it", error);
    is_started_ = true;
    if (is_on_kernel())
        interface_ = static_cast<int>(if_nametoindex(plan_.name.interface.c_str()));
    switch_pauses_off();
    if (Status status = let_vlans_in(); !status)
        return status;
    if (Status status = let_groups_in(); !status)
        return status;
    if (plan_.spreading == Spreading::Nic)
        rss_ = set_up_rss(id_, device, rx_queues_, plan_.rss_key);
    return read_properties();
}

unsigned Ethdev::receive(uint16_t queue, std::span<rte_mbuf*> packets) {
    if (next_queue_.empty())
        return rte_eth_rx_burst(id_, queue, packets.data(), static_cast<uint16_t>(packets.size()));
    return receive_in_turn(queue, packets);
}

/// The device's queues that `queue` stands for, once around, from another one each time: none waits
/// for a busy one.
unsigned Ethdev::receive_in_turn(uint16_t queue, std::span<rte_mbuf*> packets) {
    const unsigned mine = (device_rx_queues_ - queue + rx_queues_ - 1U) / rx_queues_;
    unsigned& next = next_queue_[queue].index;
    unsigned count = 0;
    for (unsigned i = 0; i < mine && count < packets.size(); ++i) {
        const auto from = static_cast<uint16_t>(queue + next * rx_queues_);
        next = next + 1 == mine ? 0 : next + 1;
        count += rte_eth_rx_burst(id_, from, packets.data() + count,
                                  static_cast<uint16_t>(packets.size() - count));
    }
    return count;
}

/// Some drivers (virtio's) put tags into frames in rte_eth_tx_prepare() alone.
unsigned Ethdev::send(uint16_t queue, std::span<rte_mbuf*> packets) {
    auto count = static_cast<uint16_t>(packets.size());
    if (!offloads_.sends_chains)
        count = join(packets);
    if (offloads_.inserts_tags)
        count = rte_eth_tx_prepare(id_, queue, packets.data(), count);
    return rte_eth_tx_burst(id_, queue, packets.data(), count);
}

unsigned Ethdev::transmit(uint16_t queue, std::span<rte_mbuf*> packets) {
    if (tx_locks_.empty())
        return send(queue, packets);
    rte_spinlock_t& spinlock = tx_locks_[queue].spinlock;
    lock(spinlock);
    const unsigned sent = send(queue, packets);
    rte_spinlock_unlock(&spinlock);
    return sent;
}

io::LinkState Ethdev::look() {
    const io::LinkState state = is_on_kernel() ? kernel_state() : device_state();
    set_link(state.is_up);
    count_losses();
    return state;
}

bool Ethdev::is_on_kernel() const {
    return !plan_.name.interface.empty() && plan_.name.kind != io::PortKind::Tap;
}

/// Drivers on an interface of the kernel's do not ask it for its state, and keep the sockets that
/// they have opened: who comes by the same name later is not theirs.
io::LinkState Ethdev::kernel_state() {
    const Result<kernel::Interface> interface = kernel::look_up_interface(plan_.name.interface);
    if (interface ? (*interface).index != interface_
                  : !kernel::may_still_be(plan_.name.interface, interface_))
        is_lost_ = true;
    if (!is_lost_)
        return {true, interface ? (*interface).is_running : has_link(), mtu_};
    const Error error = plan_.error(
        "its interface has been deleted, and its driver takes another of that name in a process "
        "that starts anew alone");
    return {false, false, mtu_, error.message, interface && (*interface).is_running};
}

io::LinkState Ethdev::device_state() const {
    // A tap's driver knows its interface by name, and it may be in another namespace by now.
    if (plan_.name.kind == io::PortKind::Tap)
        return {true, true, mtu_};
    if (resets_ && resets_->is_wanted()) {
        const Error error = plan_.error(
            "its device wants to be reset, which a process that starts anew does alone");
        return {false, false, mtu_, error.message, true};
    }
    if (removals_ && removals_->has_gone()) {
        const Error error = plan_.error(
            "its device has been taken away, and one that comes back is had by a process that "
            "starts anew alone");
        return {false, false, mtu_, error.message, removals_->is_there_again()};
    }
    rte_eth_link link{};
    const int error = rte_eth_link_get_nowait(id_, &link);
    return {rte_eth_dev_is_removed(id_) == 0, error != 0 || link.link_status == RTE_ETH_LINK_UP,
            mtu_};
}

void Ethdev::count_losses() {
    rte_eth_stats stats{};
    if (rte_eth_stats_get(id_, &stats) != 0)
        return;
    losses_[io::Loss::RxMissed].set(stats.imissed);
    losses_[io::Loss::RxErrors].set(stats.ierrors);
    losses_[io::Loss::RxNoMbuf].set(stats.rx_nombuf);
    losses_[io::Loss::TxErrors].set(stats.oerrors);
}

}  // namespace sluice::ethdev
