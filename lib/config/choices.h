// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Choices: what an operator chooses by one of a few words.

#include <cstdint>

namespace sluice::config {

/// What a worker does with an empty poll.
enum class Idle : uint8_t { Busy, Sleep };

/// What becomes of a packet that no flow allows.
enum class Invalid : uint8_t {
    Drop,
    Reject,  ///< Dropped, and an inside host that sent a TCP segment gets a RST.
};

/// What becomes of a packet for whose flow there is no port.
enum class OnExhaustion : uint8_t {
    Drop,
    Reject,  ///< Dropped, and its inside host told: by a RST, or by ICMP.
};

/// What the MSS of TCP connections is lowered to.
enum class MssClamp : uint8_t {
    Off,
    Pmtu,   ///< What the smaller of the two ports' MTUs allows.
    Value,  ///< Config::mss.
};

/// Which flows get a port by which their replies arrive at their worker, where a NIC's RSS is
/// known.
enum class SteerReplies : uint8_t {
    Never,
    Changed,  ///< Those that do not get their own port.
    Always,   ///< All: others give up their own port for it.
};

/// What has an uplink of its own.
enum class UplinkChoice : uint8_t {
    Flow,
    Host,  ///< All its flows have the same, while that lives.
};

/// When the gateway's own addresses become its own.
enum class Claim : uint8_t {
    Force,  ///< At once.
    Probe,  ///< When nobody else has them: RFC 5227.
};

/// What is done where another host claims one of them afterwards: RFC 5227, section 2.4. It is
/// counted and told in any case.
enum class OnConflict : uint8_t {
    Defend,  ///< Announce it again.
    Tell,    ///< Nothing else.
    Leave,   ///< Leave the own ones to that host until they are free; defend others.
};

/// What becomes of the process where only another one can have a port again.
enum class OnLostPort : uint8_t {
    End,   ///< It ends, so that whoever has started it starts it anew.
    Stay,  ///< It goes on without the port.
};

/// What becomes of flows that the rules of a reload would not open.
enum class OnReload : uint8_t {
    Keep,   ///< They go on until they end by themselves.
    Drain,  ///< For Config::drain_time.
    End,    ///< They end at once.
};

/// Who looks at the checksums of what arrives.
enum class VerifyChecksum : uint8_t {
    Auto,    ///< The NIC where it can, else sluice.
    Always,  ///< sluice, whatever the NIC says.
    Never,   ///< Nobody: nf_conntrack_checksum=0.
};

}  // namespace sluice::config
