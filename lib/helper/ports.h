// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Which flows are helped: those that clients open to a server port of a protocol whose packets
/// speak of other flows.
///
/// Threads  Plain values, fixed at the start.
/// Source   nf_conntrack_ftp and nf_conntrack_tftp of Linux: how many flows one flow may foretell
///          at once, and for how long.

#include "base/clock.h"
#include "net/tuple.h"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

namespace sluice::helper {

inline constexpr uint16_t kFtpPort = 21;
inline constexpr uint16_t kTftpPort = 69;

/// How long a foretold flow is waited for.
inline constexpr Duration kForetoldFor = Duration::seconds(300);

/// Nobody is led to a port below: what listens there is no transfer of a client's.
inline constexpr uint16_t kLeastPort = 1024;

struct Ports {
    std::vector<uint16_t> ftp;   ///< Of TCP; empty: FTP is not helped.
    std::vector<uint16_t> tftp;  ///< Of UDP.

    bool operator==(const Ports&) const = default;
    bool are_none() const { return ftp.empty() && tftp.empty(); }
    /// A flow with this original tuple is helped.
    bool name(const net::Tuple& original) const {
        const std::vector<uint16_t>* ports = original.protocol == net::Protocol::Tcp   ? &ftp
                                             : original.protocol == net::Protocol::Udp ? &tftp
                                                                                       : nullptr;
        return ports != nullptr && std::find(ports->begin(), ports->end(),
                                             original.destination_port.host()) != ports->end();
    }
};

/// What Linux calls the helper of a flow that has one.
constexpr std::string_view name_of(net::Protocol protocol) {
    return protocol == net::Protocol::Tcp ? "ftp" : "tftp";
}

}  // namespace sluice::helper
