// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Protocol state: where a flow stands, in the terms of its protocol's tracker.
///
/// Shape    One byte, so that it fits a flow's record; 0 of protocols that have no states. Who
///          reads it knows the protocol.

#include "conntrack/sctp_state.h"
#include "conntrack/tcp_state.h"

#include <cstdint>

namespace sluice::conntrack {

class ProtocolState {
public:
    constexpr ProtocolState() = default;
    constexpr explicit ProtocolState(uint8_t bits) : bits_(bits) {}
    // Implicit: a tracker says a state of its own where a ProtocolState is wanted.
    constexpr ProtocolState(TcpState state) : bits_(static_cast<uint8_t>(state)) {}
    constexpr ProtocolState(SctpState state) : bits_(static_cast<uint8_t>(state)) {}

    constexpr TcpState tcp() const { return static_cast<TcpState>(bits_); }
    constexpr SctpState sctp() const { return static_cast<SctpState>(bits_); }
    constexpr uint8_t bits() const { return bits_; }

    constexpr bool operator==(const ProtocolState&) const = default;

private:
    uint8_t bits_ = 0;
};

}  // namespace sluice::conntrack
