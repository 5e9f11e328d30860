// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Port plan: what can be known about a port before EAL starts, so that a port that cannot be
/// opened costs nothing, and memory can be computed.

#include "base/result.h"
#include "io/port_name.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::ethdev {

/// Who spreads received packets over the queues of a port.
enum class Spreading : uint8_t {
    Nobody,  ///< It has one queue.
    Kernel,  ///< A kernel interface below it, by its own rules.
    Nic,     ///< The device, if it does RSS.
};

struct PortPlan {
    std::string flag;      ///< "lan" or "wan", for errors.
    std::string own_name;  ///< What no other port is called: "lan2".
    io::PortName name;
    std::string arguments;  ///< Of the virtual or PCI device, complete.
    Spreading spreading = Spreading::Nobody;
    uint16_t max_queues = 1;   ///< More would not be of use.
    uint32_t mtu = 0;          ///< 0: the driver knows.
    uint32_t wanted_mtu = 0;   ///< By the operator; 0: as it is.
    int numa_node = -1;        ///< Of a PCI device; -1 where it does not matter.
    uint32_t frame_bytes = 0;  ///< Room that a received frame needs in an mbuf.
    uint16_t rx_ring = 1024;   ///< Descriptors of each queue, where the device can.
    uint16_t tx_ring = 1024;
    std::vector<uint16_t> vlans{0};  ///< Tags of its frames; 0 for those without one.
    std::vector<uint8_t> rss_key;    ///< Empty: one is drawn.
    bool hears_groups = false;       ///< Frames to multicast MACs are wanted too.

    std::string label() const { return "--" + flag + ' ' + name.text; }
    /// Takes what --mtu says; fails where the kernel's interface allows less.
    Status want_mtu(uint32_t bytes);
    /// Takes the tags of its frames; fails where the port loses them.
    Status want_vlans(const std::vector<uint16_t>& tags);
    bool takes(uint16_t vlan) const;
    bool takes_tagged() const;
    /// An error about this port: "--wan af_packet:eth1: why".
    Error error(std::string_view why) const;
};

/// Fails when the interface, device or file is not there or cannot serve.
Result<PortPlan> plan_port(const std::string& flag, const io::PortName& name, unsigned workers);

}  // namespace sluice::ethdev
