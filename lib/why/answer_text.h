// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Answer text: what would become of a packet, in plain sentences, stage by stage, or in one line.
///
/// Source   A flow is told as `conntrack -L` tells it (listing/flow_text.h).

#include "listing/interface_name.h"
#include "nat64/naming.h"
#include "why/answer.h"

#include <span>
#include <string>

namespace sluice::why {

/// What the texts must know of the gateway.
struct AnswerWords {
    std::span<const listing::InterfaceName> interfaces;
    unsigned workers = 1;
    nat64::Naming naming = {};
};

/// "tcp 10.1.0.5:4000 -> 203.0.113.10:80 [S]"; what is quoted by an ICMP error behind it.
std::string packet_text(const Answer& answer, const nat64::Naming& naming = {});

/// Of an ICMP error, those of its own header.
nat64::WireEnds ends_of(const Arrival& arrival, const nat64::Naming& naming);

/// It opens a flow between IPv6 hosts, and leaves with the addresses that it came with. Numbers
/// that the answer has for these may be nobody's yet.
bool keeps_ipv6_ends(const Answer& answer);

/// What becomes of it at the end: "leaves by wan as …", or "dropped: …" without the advice.
std::string fate_text(const Answer& answer, const AnswerWords& words);

/// All of it, a line for each stage, and the advice for a drop.
std::string answer_text(const Answer& answer, const AnswerWords& words);

/// Of a TCP segment its numbers, and those that they are held against: a line.
std::string numbers_text(const Met& met, const Tracked& tracked);

/// The packet and its fate in one line.
std::string answer_line(const Answer& answer, const AnswerWords& words);

}  // namespace sluice::why
