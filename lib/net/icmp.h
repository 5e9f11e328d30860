// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// ICMP types: which messages are queries and their answers, and which are errors.
///
/// Source   RFC 792, RFC 950 (address mask); icmp_invert_tuple() and icmp_is_err() of Linux, whose
///          errors these are: a redirect is one, too.

#include "base/big_endian.h"
#include "net/tuple.h"

#include <cstdint>

namespace sluice::net {

inline constexpr uint8_t kEchoReply = 0;
inline constexpr uint8_t kUnreachable = 3;
inline constexpr uint8_t kSourceQuench = 4;
inline constexpr uint8_t kRedirect = 5;
inline constexpr uint8_t kEchoRequest = 8;
inline constexpr uint8_t kTimeExceededType = 11;
inline constexpr uint8_t kParameterProblem = 12;
inline constexpr uint8_t kTimestampRequest = 13;
inline constexpr uint8_t kInformationRequest = 15;
inline constexpr uint8_t kAddressMaskRequest = 17;

/// The queries that have an identifier.
constexpr bool is_icmp_query(uint8_t type) {
    return type == kEchoRequest || type == kTimestampRequest || type == kInformationRequest ||
           type == kAddressMaskRequest;
}

/// The type of a query's answer.
constexpr uint8_t answer_to(uint8_t query) {
    return query == kEchoRequest ? kEchoReply : static_cast<uint8_t>(query + 1);
}

/// The type of the query that `type` would answer, whether there is such a query or not.
constexpr uint8_t query_of(uint8_t type) {
    return type == kEchoReply ? kEchoRequest : static_cast<uint8_t>(type - 1);
}

constexpr bool is_icmp_answer(uint8_t type) {
    return is_icmp_query(query_of(type)) && answer_to(query_of(type)) == type;
}

/// Quotes the packet that it is about.
constexpr bool is_icmp_error(uint8_t type) {
    return (type >= kUnreachable && type <= kRedirect) || type == kTimeExceededType ||
           type == kParameterProblem;
}

/// The port that an ICMP query's type and code make in its tuple, in both directions.
constexpr Be16 icmp_ports(uint8_t type, uint8_t code) {
    return Be16::from_host(static_cast<uint16_t>(type << 8 | code));
}

/// Writes what stands for ports in the tuple of a query or an answer; false for other messages.
constexpr bool set_icmp_ports(Tuple& tuple, uint8_t type, uint8_t code, Be16 identifier) {
    if (is_icmp_query(type)) {
        tuple.source_port = identifier;
        tuple.destination_port = icmp_ports(type, code);
        return true;
    }
    if (is_icmp_answer(type)) {
        tuple.source_port = icmp_ports(query_of(type), code);
        tuple.destination_port = identifier;
        return true;
    }
    return false;
}

}  // namespace sluice::net
