// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Copy plan: what of a gateway's ownership concerns copies of flows: who is to have some, of which
/// others are to be put in place, and which are out of date.
///
/// Threads  The caller's, who has the Ownership to himself. All ascend by address.

#include "cluster/copy_teller.h"
#include "cluster/ownership.h"
#include "sync/message.h"

#include <string>
#include <vector>

namespace sluice::cluster {

/// Who is to have copies of what goes by the addresses that this gateway uses: for
/// each who is to have the address where this gateway is gone, if he takes any.
std::vector<CopyGoal> copy_goals(const Ownership& ownership);

/// Addresses of the gateway of that name that wait for copies, which are of these ownerships.
std::vector<sync::Owned> to_fill(const Ownership& ownership, const std::string& own);

/// Owners that are known, but for addresses that wait for copies of the one before.
std::vector<sync::Owned> known_owners(const Ownership& ownership);

}  // namespace sluice::cluster
