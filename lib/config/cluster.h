// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Cluster: the gateways with which this one shares its public addresses, as --cluster says.

#include "net/tuple.h"

#include <optional>
#include <string>
#include <vector>

namespace sluice::config {

struct Cluster {
    std::vector<std::string> urls;  ///< Of etcd's servers: http://ADDRESS:PORT; one at least.
    std::string name;               ///< This gateway's, and no other's.
    /// Where others tell it flows of addresses that it is to have; without it these end.
    std::optional<net::Endpoint> listen = {};
};

}  // namespace sluice::config
