// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Given: to whom the configuration gives a public endpoint.
///
/// Threads  Any; the policy is immutable.

#include "listing/holds.h"
#include "policy/policy.h"
#include "pool/static_mappings.h"

#include <span>

namespace sluice::gateway {

/// The forwards (`all` has every one) and the one-to-one address that the endpoint is of, and the
/// size of blocks. Where a forward has the endpoint, the one-to-one address has it not.
listing::Given given(const policy::Policy& policy, std::span<const pool::Forward> all,
                     const listing::PublicEndpoint& endpoint);

}  // namespace sluice::gateway
