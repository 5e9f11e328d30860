// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Timeout flags: how long flows, mappings and ports are kept; a part of the table of flags.

#include "config/flags.h"

#include <string_view>

namespace sluice::config {

/// Of the timeout that the flag names.
Status store_timeout(const Given& given, Config& config);
Status store_mapping_timeout(const Given& given, Config& config);
Status store_port_hold(const Given& given, Config& config);

constexpr Flag timeout(std::string_view name, std::string_view help,
                       Status (*read)(const Given&, Config&) = store_timeout) {
    return {.name = name,
            .group = "Timeouts, in seconds, 1 to 1728000",
            .value = "SECONDS",
            .help = help,
            .read = read};
}

// clang-format off
inline constexpr Flag kTimeoutFlags[] = {
    timeout("timeout-tcp-syn-sent", "default: 120"),
    timeout("timeout-tcp-syn-recv", "default: 60"),
    timeout("timeout-tcp-established", "default: 432000"),
    timeout("timeout-tcp-fin-wait", "default: 120"),
    timeout("timeout-tcp-close-wait", "default: 60"),
    timeout("timeout-tcp-last-ack", "default: 30"),
    timeout("timeout-tcp-time-wait", "default: 120"),
    timeout("timeout-tcp-close", "After a RST; default: 10"),
    timeout("timeout-tcp-max-retrans",
            "While one segment is sent again and again, or a window is closed; default: 300"),
    timeout("timeout-tcp-unacknowledged",
            "While data waits for its ACK, or a flow was picked up midway; default: 300"),
    timeout("timeout-udp", "Before a flow is a stream; default: 30"),
    timeout("timeout-udp-stream", "Answered and older than 2 s; default: 120"),
    timeout("timeout-udplite", "Before an answered flow's next packet; default: 30"),
    timeout("timeout-udplite-stream", "From the packet after the first answer on; default: 120"),
    timeout("timeout-icmp", "default: 30"),
    timeout("timeout-sctp-closed", "INIT unanswered, or over; default: 10"),
    timeout("timeout-sctp-cookie-wait", "default: 3"),
    timeout("timeout-sctp-cookie-echoed", "default: 3"),
    timeout("timeout-sctp-established", "default: 210"),
    timeout("timeout-sctp-shutdown-sent", "default: 3"),
    timeout("timeout-sctp-shutdown-recd", "default: 3"),
    timeout("timeout-sctp-shutdown-ack-sent", "default: 3"),
    timeout("timeout-gre", "Before it is answered; default: 30"),
    timeout("timeout-gre-stream", "default: 180"),
    timeout("timeout-generic", "Other protocols, such as ESP; default: 600"),
    timeout("mapping-timeout",
            "Of an endpoint-independent mapping, after its last packet from inside; default: 300",
            store_mapping_timeout),
    timeout("port-hold",
            "How long the port of a mapping that let everybody in is then kept from other inside "
            "hosts, 0 to 86400; default: 120",
            store_port_hold),
};
// clang-format on

}  // namespace sluice::config
