// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Zoned steps: for an inside address the longest prefix around it, of those that are its zone's
/// and those that are every zone's.
///
/// Shape    Steps (net/steps.h) over what is every zone's, and over what is each zone's own.
/// Threads  Immutable after construction.
/// Memory   16 bytes for each end of a prefix, in whichever zone.
/// Cost     Where no prefix names a zone, what Steps cost, behind one branch; else two searches
///          over addresses, and one over the zones that are named.

#include "net/prefix.h"
#include "net/steps.h"
#include "net/tuple.h"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace sluice::net {

/// A prefix and what it stands for, in one zone or in all.
struct ZonedPrefix {
    Prefix prefix;
    uint32_t value = 0;
    std::optional<uint16_t> zone = {};  ///< Nothing: every zone.
};

class ZonedSteps {
public:
    /// Everywhere kNone.
    ZonedSteps() = default;
    /// Of two prefixes of one length that which names the zone counts; of two equal ones the first.
    explicit ZonedSteps(std::span<const ZonedPrefix> prefixes);

    uint32_t find(InsideAddress address) const {
        return zones_.empty() ? common_.find(address.address.host()) : search(address);
    }

private:
    /// What is one zone's own.
    struct Zone {
        uint16_t number = 0;
        Steps steps;  // the place of the prefix
    };
    struct Place {
        uint32_t value = 0;
        uint8_t length = 0;
    };

    uint32_t search(InsideAddress address) const;

    Steps common_;               // the value; where there are zones the place of the prefix
    std::vector<Zone> zones_;    // that are named, ascending
    std::vector<Place> places_;  // of all prefixes, where there are zones
};

}  // namespace sluice::net
