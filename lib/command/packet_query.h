// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Packet query: which packets a request asks for, how much of each, and until when.
///
/// Errors   What is not known, or is written wrongly, is refused with a sentence.

#include "base/result.h"
#include "listing/flow_filter.h"
#include "listing/interface_name.h"
#include "listing/packet_stream.h"

#include <span>

namespace sluice::command {

/// Reads the words of a FlowFilter, and way (in, out, both), drops (1, or a reason), from (inside,
/// outside, or one of the interfaces), count, seconds and snaplen.
Result<listing::PacketStreamParams> read_packet_query(
    const listing::Query& query, listing::PacketStreamParams::Form form,
    const nat64::Naming& naming = {}, std::span<const listing::InterfaceName> interfaces = {});

}  // namespace sluice::command
