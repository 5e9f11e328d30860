// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Port name: which device a side of the gateway uses, as --lan and --wan say it.
///
/// Shape    kind:rest. What it becomes for EAL is a virtual device's name and arguments, or the
///          address of a PCI device that EAL may probe.
/// Errors   One sentence; whether the device exists is found out when it is opened.

#include "base/result.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::io {

enum class PortKind : uint8_t { Pci, AfPacket, AfXdp, Tap, Memif, Pcap, Vdev };

struct PortName {
    PortKind kind = PortKind::Vdev;
    std::string text;       ///< As written: "af_packet:eth1".
    std::string device;     ///< What EAL calls it: "net_af_packet_lan", "0000:03:00.0".
    std::string arguments;  ///< "iface=eth1,qpairs=1"; may be empty.
    std::string interface;  ///< The kernel interface that it uses or makes; may be empty.
    std::string resource;   ///< Two ports of the same resource cannot be open at once.
    std::string pcap_in;    ///< The file that a pcap port reads.
    std::string listening;  ///< The socket at which a memif port is the server; else empty.
};

/// Reads `text`; `side` ("lan" or "wan") ends the names of the virtual devices, so that two of one
/// kind differ.
Result<PortName> parse_port_name(std::string_view text, std::string_view side);

/// A name that the kernel takes, and that can stand in such a text.
bool is_interface_name(std::string_view name);

}  // namespace sluice::io
