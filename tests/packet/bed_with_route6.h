// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// A testbed with IPv6 on both wires, between which some hosts' packets go as they are, tracked.
///
/// Shape    That of bed_with_nptv6.h, without other prefixes: --route6 2001:db8:1::/123 has kHost6,
///          and not kOther6.

#include "bed_with_nptv6.h"
#include "ipv6_addresses.h"

#include <functional>
#include <set>
#include <string>
#include <utility>

namespace sluice::test {

inline policy::Match routed6(const char* prefix) {
    policy::Match match;
    match.inside6 = prefix6(prefix);
    return match;
}

inline TestbedOptions route6_options(
    TestbedOptions options = {},
    const std::function<void(config::Config&)>& more = [](config::Config&) {}) {
    return nptv6_options(std::move(options), [more](config::Config& config) {
        config.nptv6.clear();
        config.route6 = {routed6("2001:db8:1::/123")};
        more(config);
    });
}

struct Route6Bed : Nptv6Bed {
    explicit Route6Bed(TestbedOptions options = route6_options(), std::set<std::string> silent = {})
        : Nptv6Bed(std::move(options), std::move(silent)) {}
};

inline Frame6 from_world6(Upper upper = udp6(53, 5000)) {
    return {.source = kWorld6, .destination = kHost6, .upper = std::move(upper)};
}

/// An error about what was sent.
inline Frame6 error_about6(const Frame6& sent, const std::string& source, Upper error) {
    const Bytes quote = sent.ip_bytes();
    error.bytes.resize(8);
    error.bytes.insert(error.bytes.end(), quote.begin(), quote.end());
    return {.source = source, .destination = sent.source, .upper = std::move(error)};
}

}  // namespace sluice::test
