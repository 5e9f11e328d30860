// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Which flows are helped: those that clients open to a server port of a protocol whose packets
/// speak of other flows.
///
/// Threads  Plain values, fixed at the start.
/// Source   nf_conntrack_ftp, nf_conntrack_tftp and nf_conntrack_pptp of Linux: how many flows one
///          flow may foretell at once, and for how long.

#include "base/clock.h"
#include "net/tuple.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace sluice::helper {

inline constexpr uint16_t kFtpPort = 21;
inline constexpr uint16_t kTftpPort = 69;
inline constexpr uint16_t kPptpPort = 1723;

/// How long a foretold flow is waited for.
inline constexpr Duration kForetoldFor = Duration::seconds(300);

/// Nobody is led to a port below: what listens there is no transfer of a client's.
inline constexpr uint16_t kLeastPort = 1024;

enum class Kind : uint8_t { Ftp, Tftp, Pptp };

struct Ports {
    std::vector<uint16_t> ftp;        ///< Of TCP; empty: FTP is not helped.
    std::vector<uint16_t> tftp;       ///< Of UDP.
    std::vector<uint16_t> pptp = {};  ///< Of TCP. A port of both is FTP's.

    bool operator==(const Ports&) const = default;
    bool are_none() const { return ftp.empty() && tftp.empty() && pptp.empty(); }
    /// The helper of a flow with this original tuple; nothing: it is not helped.
    std::optional<Kind> of(const net::Tuple& original) const {
        const auto names = [port = original.destination_port.host()](const auto& ports) {
            return std::find(ports.begin(), ports.end(), port) != ports.end();
        };
        if (original.protocol == net::Protocol::Tcp)
            return names(ftp)    ? std::optional(Kind::Ftp)
                   : names(pptp) ? std::optional(Kind::Pptp)
                                 : std::nullopt;
        const bool is_tftp = original.protocol == net::Protocol::Udp && names(tftp);
        return is_tftp ? std::optional(Kind::Tftp) : std::nullopt;
    }
};

/// As Linux calls it.
constexpr std::string_view name_of(Kind kind) {
    return kind == Kind::Ftp ? "ftp" : kind == Kind::Tftp ? "tftp" : "pptp";
}
/// Which has foretold a flow of this protocol.
constexpr Kind foreteller_of(net::Protocol protocol) {
    return protocol == net::Protocol::Tcp   ? Kind::Ftp
           : protocol == net::Protocol::Gre ? Kind::Pptp
                                            : Kind::Tftp;
}

}  // namespace sluice::helper
