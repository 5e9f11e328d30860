// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Packet words: a question as an operator asks it, read into a packet.
///
/// Shape    proto, src and dst name the packet; flags, len, df, ttl, seq, ack and window say more,
///          and from by what it comes. Or frame has its bytes, in hexadecimal digits, and length
///          how many there were on the wire. Between IPv6 addresses a packet is what it comes as;
///          where one end is IPv4, and the other is not, what it is inside, by the other's number.
/// Errors   What is not known, or is written wrongly, or is no packet's, is refused with a
///          sentence.

#include "base/result.h"
#include "listing/flow_filter.h"
#include "listing/interface_name.h"
#include "nat64/naming.h"
#include "why/question.h"

#include <span>

namespace sluice::why {

Result<Question> read_question(const listing::Query& words,
                               std::span<const listing::InterfaceName> interfaces,
                               const nat64::Naming& naming = {});

}  // namespace sluice::why
