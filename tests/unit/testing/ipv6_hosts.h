// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// IPv6 hosts behind 64:ff9b::/96 and those who name them, for tests of what operators see.

#include "catch.h"
#include "ipv6_addresses.h"
#include "nat64/naming.h"

#include <memory>

namespace sluice::test {

struct Ipv6Hosts {
    std::unique_ptr<nat64::Numbers> numbers =
        std::move(
            nat64::Numbers::create({.plan = nat64::NumberPlan({{}, 32 - nat64::kLeastNumberBits})}))
            .value();
    nat64::Addresses addresses{{*nat64::Embedding::of(prefix6("64:ff9b::/96")),
                                prefix6("2001:db8:1::1/64"),
                                v6("fe80::1"),
                                {Be32::from_host(0xc6120000), 24}},  // 198.18.0.0/24
                               *numbers};
    /// With tick 0 at the beginning of the steady clock, so that small times are times.
    nat64::Naming naming{addresses, MonotonicClock(MonotonicClock::Time{})};

    /// The number of a host that has sent something.
    Be32 number(const char* host, Tick now = {}) const {
        const auto found = addresses.source(v6(host), now);
        REQUIRE(found);
        return *found;
    }
};

}  // namespace sluice::test
