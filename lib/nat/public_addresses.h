// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Public addresses: as which a flow from inside is to be seen, in whichever gateway of a cluster
/// it opens.
///
/// Shape    What is said for the flow, or for its host, or the first address that its host has in
///          its pool: the allocator's first choice, where nothing stands yet and nothing is full.
/// Threads  One worker's.
/// Memory   6 kB, in the object (nat/first_addresses.h).

#include "nat/decision.h"
#include "nat/first_addresses.h"
#include "policy/current.h"

#include <optional>

namespace sluice::nat {

class PublicAddresses {
public:
    /// It outlives this object.
    explicit PublicAddresses(const policy::Current& policy) : policy_(policy) {}

    /// Nothing where its source stays.
    std::optional<Be32> of(const Request& request);

private:
    const policy::Current& policy_;
    FirstAddresses first_;
};

}  // namespace sluice::nat
