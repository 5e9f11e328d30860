// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Announcing: what one configuration says of ARP for the addresses that are the gateway's.

#include "base/clock.h"
#include "link/interfaces.h"
#include "net/prefix.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace sluice::policy {

/// Public addresses that are asked for on an interface.
struct Answered {
    link::InterfaceId interface = 0;
    net::AddressRange range;

    bool operator==(const Answered&) const = default;
};

/// What is done where another host claims an address that is the gateway's.
enum class OnConflict : uint8_t {
    Defend,
    Tell,
    Leave,  ///< Of the own addresses; others are defended.
};

struct Announcing {
    std::vector<Answered> answered = {};  ///< By interface, those of one ascending and apart.
    Duration interval = {};  ///< Between announcements; 0: at the start and after changes alone.
    bool probes = false;     ///< Own addresses are claimed when nobody else has them.
    OnConflict on_conflict = OnConflict::Defend;

    bool answers_for(Be32 address, link::InterfaceId interface) const {
        const auto behind =
            std::partition_point(answered.begin(), answered.end(), [&](const Answered& each) {
                return each.interface < interface ||
                       (each.interface == interface && each.range.first <= address);
            });
        return behind != answered.begin() && (behind - 1)->interface == interface &&
               (behind - 1)->range.contains(address);
    }
};

}  // namespace sluice::policy
