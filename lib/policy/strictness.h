// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Strictness: what is asked of packets beyond what Linux asks. docs/security.md says the cost.

#include <cstdint>

namespace sluice::policy {

struct Strictness {
    bool source = false;      ///< Inside sources are those that answer ARP, or are routed there.
    uint16_t least_pmtu = 0;  ///< An ICMP error from outside that says less is refused.
};

}  // namespace sluice::policy
