// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Addresses as people write them: 10.1.0.1, 10.1.0.0/24, 10.1.0.1-10.1.0.9, 02:00:00:00:00:01.
///
/// Errors   Parsing is strict and yields nothing for any other text: no blanks, no signs, no
///          leading zeros (some read them as octal), no parts left out.
/// Cost     write() needs no library call, so that a listing of a million flows is cheap.
/// Source   RFC 6943 §3.1.1 on why loose forms of an address are a danger.

#include "net/arp.h"
#include "net/prefix.h"
#include "net/tuple.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::net {

std::optional<Be32> parse_address(std::string_view text);

/// "10.1.0.1/24", the length always given. Host bits stay: an interface's address has them.
std::optional<Prefix> parse_prefix(std::string_view text);

/// "first-last" with first not above last, or one address.
std::optional<AddressRange> parse_range(std::string_view text);

/// "10.1.0.1:80"; the port is not 0.
std::optional<Endpoint> parse_endpoint(std::string_view text);

/// Six pairs of hexadecimal digits, of either case, with colons between.
std::optional<MacAddress> parse_mac(std::string_view text);

inline constexpr size_t kAddressChars = 15;  ///< Longest address as text, without an end mark.

/// Writes at most kAddressChars and no end mark; returns the end of what it wrote.
char* write(char* out, Be32 address);

std::string to_string(Be32 address);
std::string to_string(const Prefix& prefix);
std::string to_string(const AddressRange& range);  ///< One address when both ends are the same.
std::string to_string(const Endpoint& endpoint);
std::string to_string(const MacAddress& mac);

}  // namespace sluice::net
