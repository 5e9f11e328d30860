// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Tuning: the switches and timeouts of the trackers, each with the name and default of its sysctl.
///
/// Source   Linux Documentation/networking/nf_conntrack-sysctl.rst.

#include "base/clock.h"
#include "base/enum.h"
#include "conntrack/sctp_state.h"
#include "conntrack/tcp_state.h"

namespace sluice::conntrack {

struct Tuning {
    bool tcp_loose = true;  ///< An ACK without a flow opens one: nf_conntrack_tcp_loose.
    /// What is out of window passes, but for a RST: nf_conntrack_tcp_be_liberal.
    bool tcp_be_liberal = false;
    /// A RST from before the last ACK passes: nf_conntrack_tcp_ignore_invalid_rst.
    bool tcp_ignore_invalid_rst = false;
    /// What an off-path host can forge must say more than Linux asks for: see reset(), move().
    bool tcp_strict = false;
    /// How long a connection that a RST has ended holds its port at least; 0: as Linux.
    Duration tcp_reset_hold{};
    /// Equal segments in a row after which tcp_max_retrans_timeout caps:
    /// nf_conntrack_tcp_max_retrans.
    uint8_t tcp_max_retrans = 3;

    /// nf_conntrack_tcp_timeout_*; SYN_SENT2 has no sysctl of its own.
    EnumArray<TcpState, Duration, kTcpStateCount> tcp{{
        Duration{},                        // None
        Duration::seconds(120),            // SynSent
        Duration::seconds(60),             // SynRecv
        Duration::seconds(5 * 24 * 3600),  // Established
        Duration::seconds(120),            // FinWait
        Duration::seconds(60),             // CloseWait
        Duration::seconds(30),             // LastAck
        Duration::seconds(120),            // TimeWait
        Duration::seconds(10),             // Close
        Duration::seconds(120),            // SynSent2
    }};
    /// Cap while a segment is sent again and again, or a window is closed.
    Duration tcp_max_retrans_timeout = Duration::seconds(300);
    /// Cap while data is not acknowledged, and of a flow picked up mid-stream.
    Duration tcp_unacknowledged = Duration::seconds(300);
    Duration udp = Duration::seconds(30);
    Duration udp_stream = Duration::seconds(120);
    Duration udp_lite = Duration::seconds(30);
    Duration udp_lite_stream = Duration::seconds(120);
    Duration icmp = Duration::seconds(30);
    /// nf_conntrack_sctp_timeout_*.
    EnumArray<SctpState, Duration, kSctpStateCount> sctp{{
        Duration{},              // None
        Duration::seconds(10),   // Closed
        Duration::seconds(3),    // CookieWait
        Duration::seconds(3),    // CookieEchoed
        Duration::seconds(210),  // Established
        Duration::seconds(3),    // ShutdownSent
        Duration::seconds(3),    // ShutdownRecd
        Duration::seconds(3),    // ShutdownAckSent
    }};
    Duration gre = Duration::seconds(30);
    Duration gre_stream = Duration::seconds(180);
    Duration generic = Duration::seconds(600);
};

}  // namespace sluice::conntrack
