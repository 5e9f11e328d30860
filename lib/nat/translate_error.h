// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Translation of ICMP errors: the error, and the packet in it as its sender once sent it.
///
/// Shape    An error travels against the packet that it quotes. What it quotes left the gateway by
///          one direction of the flow, and becomes again what arrived by it.
/// Cost     No checksum is computed. Each is adjusted by what changes under it; one that was wrong
///          stays wrong.
/// Source   RFC 5508 REQ-4, REQ-5; RFC 3022 §4.3; nf_nat_icmp_reply_translation() of Linux.

#include "base/big_endian.h"
#include "flow/flow_record.h"
#include "net/packet.h"
#include "net/tuple.h"

namespace sluice::nat {

/// Rewrites an ICMP error that travels in `direction` on `record`, which its tuple has found: its
/// quote, its destination, and its source, which becomes `source`.
void translate_error(const flow::FlowRecord& record, net::Direction direction, Be32 source,
                     const net::Packet& error);

/// Overwrites with zeros what the error carries behind its quote: extensions, in which a router can
/// name the addresses of its interfaces (RFC 4884, RFC 5837).
void hide_extensions(const net::Packet& error);

}  // namespace sluice::nat
