// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Losses: packets that a port lost before sluice received them, or after it took them to send.
///
/// Shape    They stand beside the sum rule: what arrives at a port is received or lost here; what
///          was transmitted has left or is lost here.
/// Threads  Written by who watches the port, read by any.

#include "base/enum.h"
#include "stats/counters.h"

#include <cstdint>
#include <string_view>

namespace sluice::io {

enum class Loss : uint8_t {
    RxMissed,    ///< No place in the receive queue: the worker came too late.
    RxErrors,    ///< Damaged, or refused by the device.
    RxNoMbuf,    ///< The packet pool was empty.
    RxOversize,  ///< Longer than a packet buffer.
    RxUncut,     ///< Many segments in one frame, in a tunnel or of SCTP: not cut here.
    TxErrors,    ///< Taken to be sent, and refused by the device.
};

inline constexpr size_t kLossCount = index(Loss::TxErrors) + 1;
using Losses = EnumArray<Loss, stats::Counter, kLossCount>;

/// The counter's name: "rx_missed".
std::string_view loss_name(Loss loss);

}  // namespace sluice::io
