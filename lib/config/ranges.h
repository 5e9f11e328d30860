// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Prefixes and ranges of addresses beside one another, and interfaces that have some of a range.

#include "config/config.h"
#include "net/ipv6.h"
#include "net/prefix.h"

#include <algorithm>

namespace sluice::config {

inline AddressRange range_of(const net::Prefix& prefix) {
    return {prefix.network().address, prefix.broadcast()};
}

inline bool overlap(const AddressRange& a, const AddressRange& b) {
    return a.first <= b.last && b.first <= a.last;
}

inline bool overlap(const net::Prefix& a, const net::Prefix& b) {
    return overlap(range_of(a), range_of(b));
}

inline bool overlap(const net::Ipv6Prefix& one, const net::Ipv6Prefix& other) {
    return one.contains(other.address) || other.contains(one.address);
}

inline bool is_within(const net::Prefix& inner, const net::Prefix& outer) {
    return inner.length >= outer.length && outer.contains(inner.address);
}

/// The inside interface whose subnet has addresses of `range`; null where there is none.
inline const Lan* overlapping_lan(const Config& config, const AddressRange& range) {
    const auto found = std::find_if(config.lans.begin(), config.lans.end(), [&](const Lan& lan) {
        return overlap(range, range_of(lan.own));
    });
    return found == config.lans.end() ? nullptr : &*found;
}

}  // namespace sluice::config
