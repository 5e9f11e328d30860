// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Which ports the interfaces of a configuration are on: several may share one, by VLAN tags.
///
/// Errors   One sentence that names the flag and the value and says what is wanted.

#include "base/result.h"
#include "config/config.h"
#include "config/read.h"
#include "link/interfaces.h"

#include <string>
#include <string_view>
#include <vector>

namespace sluice::config {

/// PORT, with vlan=N among what stands behind its commas, or without.
Result<Attachment> read_attachment(std::string_view flag, const std::string& text);

/// Takes what ",twin=" says out of `text`, which stands behind a port; empty where it is not there.
Result<std::string> take_twin_key(std::string_view flag, std::string& text);

/// As they are written.
std::string to_string(const Attachment& at);
std::string to_string(const Lan& lan);
std::string to_string(const Wan& wan);

/// What stands behind --lan, each time, and behind --lan-address, in the same order.
Status read_lans(const Given& given, Config& config);
Status read_lan_addresses(const Given& given, Config& config);

/// A port, and what is on it.
struct SharedPort {
    std::string flag;                 ///< That names it first: "lan" or "wan".
    std::string name;                 ///< Its own: "lan", "lan2", "lan3", "wan", "wan2".
    std::string port;                 ///< As Attachment::port.
    std::vector<link::VlanId> vlans;  ///< Each once; kUntagged for frames without a tag.
};

/// Every port once, in the order of the flags.
std::vector<SharedPort> ports_of(const Config& config);
/// The position in ports_of() of the port that one of the configuration's interfaces is on.
link::PortIndex port_index(const Config& config, const Attachment& attachment);

/// Whether the ports can stand beside one another.
Status check_ports(const Config& config);

}  // namespace sluice::config
