// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Translation: a packet's addresses and ports become those that the other side of the NAT knows.
///
/// Shape    A packet that arrived by one tuple of its flow leaves as the reverse of the other. The
///          same code serves both directions; only the sign of the checksum deltas differs.
/// Cost     No checksum is computed, only adjusted; the deltas stand in the record.
/// Source   RFC 3022 §4.1, §4.2; RFC 1624; RFC 768 (a UDP checksum of 0 stays, and none becomes 0),
///          RFC 3828 (UDP-Lite), RFC 9260 §6.8 (SCTP).

#include "flow/flow_record.h"
#include "net/packet.h"
#include "net/tuple.h"

namespace sluice::nat {

/// What translating packets of the original direction adds to their checksums.
flow::Rewrite rewrite_of(const std::array<net::Tuple, 2>& tuple);

/// Rewrites addresses and ports of a packet that travels in `direction` on `record`.
void translate(const flow::FlowRecord& record, net::Direction direction, const net::Packet& packet);

/// Takes one from the TTL, which must be above 1.
void decrement_ttl(const net::Packet& packet);

}  // namespace sluice::nat
