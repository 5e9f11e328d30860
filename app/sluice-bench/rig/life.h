// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Life: what flows of a kind send, from their first packet on.

#include "rig/frame.h"

#include <cstdint>
#include <span>

namespace sluice::bench {

enum class Life : uint8_t { UdpFirst, TcpSyn, TcpWhole };

const char* name_of(Life life);

struct Sending {
    net::Direction direction;
    Kind kind;
};

/// In order.
std::span<const Sending> packets_of(Life life);

}  // namespace sluice::bench
