// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Uplink choice: by which uplink a new flow of an inside host is to leave.
///
/// Shape    Of those that live and where the flow's rule has addresses: the one that a route to its
///          destination prescribes, else one by weight, and the others where its addresses have no
///          port left toward the flow's server. What a flow has been given it keeps, for it goes by
///          its source from then on.
/// Threads  Any.

#include "link/uplinks.h"
#include "policy/policy.h"

#include <optional>

namespace sluice::policy {

struct UplinkChoice {
    std::optional<link::UplinkId> first = {};
    link::UplinkSet others = 0;  ///< Where it may go if the first has nothing left for it.
};

/// Nothing where there is nothing to choose: one uplink alone, or a source that is not translated.
/// `leads`: to its destination.
UplinkChoice choose_uplink(const Policy& policy, const Rule* rule, const net::Tuple& original,
                           link::UplinkSet living, const link::Leads& leads);

}  // namespace sluice::policy
