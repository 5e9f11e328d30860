// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// IPv6 addresses and prefixes for tests, from text that is one: else std::bad_optional_access.

#include "net/ipv6.h"

#include <string_view>

namespace sluice::test {

inline net::Ipv6Address v6(std::string_view text) {
    return net::parse_ipv6_address(text).value();
}

inline net::Ipv6Prefix prefix6(std::string_view text) {
    return net::parse_ipv6_prefix(text).value();
}

}  // namespace sluice::test
