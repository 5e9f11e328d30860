// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Which worker opens the flow of a packet, where that is known beforehand.
///
/// Threads  Any.

#include "worker/burst.h"
#include "worker/shared.h"

#include <vector>

namespace sluice::why {

/// Of the burst's only packet, by ports in the order of their numbers. False: nobody can say.
bool which_worker(const worker::Shared& shared, const std::vector<io::Port*>& ports,
                  const worker::Burst& burst, unsigned& worker);

}  // namespace sluice::why
