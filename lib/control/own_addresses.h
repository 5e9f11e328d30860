// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// The addresses that the gateway answers for on one side.
///
/// Shape    Its own address with the length of its subnet, and ranges beside it: outside, the
///          pools.

#include "net/arp.h"
#include "net/prefix.h"

#include <algorithm>
#include <vector>

namespace sluice::control {

struct OwnAddresses {
    net::MacAddress mac{};
    net::Prefix address;
    std::vector<net::AddressRange> more;

    bool contain(Be32 other) const {
        return other == address.address ||
               std::any_of(more.begin(), more.end(),
                           [&](const net::AddressRange& range) { return range.contains(other); });
    }
};

}  // namespace sluice::control
