// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Ports: those of the gateway, open, and the packets that they receive into.

#include "base/result.h"
#include "ethdev/packet_pool.h"
#include "ethdev/port_plan.h"
#include "io/device.h"
#include "kernel/ingress_guard.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sluice::app {

/// An error where the kernel would forward what arrives at the port, and cannot be kept from it.
Status check_forwarding(const ethdev::PortPlan& plan);

class Ports {
public:
    /// Opens and starts the ports of `plans`. Each receives into a pool on its own NUMA node, made
    /// as `packets` says.
    static Result<Ports> open(std::vector<ethdev::PortPlan> plans,
                              const ethdev::PacketPoolParams& packets, unsigned workers);

    size_t size() const { return ports_.size(); }
    const std::vector<ethdev::PortPlan>& plans() const { return plans_; }
    /// For packets that sluice itself sends.
    rte_mempool* packets() { return pools_.front().pool.get(); }

    /// What an operator should know of the ports, each in a sentence.
    const std::vector<std::string>& warnings() const { return warnings_; }

    /// No NIC is still looking for its link, and no interface has one that the kernel has yet to
    /// tell of; virtual ports have one whenever their other end has.
    bool are_links_up();

    /// Looks at port `index` again, and takes an interface that has come in the place of another.
    /// One from which the kernel cannot be kept stays without link.
    io::LinkState look(size_t index);
    io::Device& operator[](size_t index) const { return *ports_[index]; }

private:
    struct NodePool {
        int numa_node;
        ethdev::PacketPool pool;
    };

    explicit Ports(std::vector<ethdev::PortPlan> plans)
        : plans_(std::move(plans)), guards_(plans_.size()) {}
    /// What keeps the kernel away from an interface, and which that is.
    struct Guarded {
        std::optional<kernel::IngressGuard> guard;
        unsigned interface = 0;  // 0: there is none to guard
    };

    bool is_coming_up(size_t index);
    Status guard(size_t index);
    Result<rte_mempool*> pool_on(int numa_node, const ethdev::PacketPoolParams& packets);

    std::vector<NodePool> pools_;  // before the ports, which hold its packets
    std::vector<ethdev::PortPlan> plans_;
    std::vector<Guarded> guards_;
    std::vector<std::unique_ptr<io::Device>> ports_;
    std::vector<std::string> warnings_;
};

}  // namespace sluice::app
